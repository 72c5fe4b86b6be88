"""Budgets of failures as rows, and the sources from which tokens were used."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from psycopg.errors import DeadlockDetected
from sqlalchemy import Connection, delete, select, tuple_
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import OperationalError

from keyfob_verifier.attempts import Failures, Standing, ThrottleKey
from keyfob_verifier.decide.throttle import ThrottleState
from keyfob_verifier.errors import StaleRowError
from keyfob_verifier.store.bulk import BulkSelect
from keyfob_verifier.store.schema import known_sources, throttles

_KEY = ("tenant_id", "subject", "standing")
_VALUES = ("budget", "at", "streak", "retry_at", "version", "last_wrong", "refused_at")
_LOCK = BulkSelect(throttles, (*_KEY[1:], *_VALUES), of="subject", order=("subject", "standing"))
_STANDINGS = {standing.value: standing for standing in Standing}


def _upsert(insert: Any) -> Any:
    added = insert(throttles)
    return added.on_conflict_do_update(
        index_elements=[throttles.c[name] for name in _KEY],
        set_={name: added.excluded[name] for name in _VALUES},
        where=throttles.c.version == added.excluded.version - 1,
    ).execution_options(preserve_rowcount=True)


_UPSERT = {"postgresql": _upsert(postgresql.insert), "sqlite": _upsert(sqlite.insert)}


class Throttles:
    """The budgets of a database, within one transaction. A subject without a row has had no failure of late."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def lock(self, tenant_id: str, subjects: Collection[str]) -> dict[ThrottleKey, Failures]:
        """What is remembered of these subjects, kept from other writers until the transaction ends.

        Rows are locked in the order of their keys. Tokens are locked before them, by whoever locks both.
        """
        return {
            ThrottleKey(subject, _STANDINGS[standing]): Failures(
                ThrottleState(budget, at, streak, retry_at), version, last_wrong, refused_at
            )
            for subject, standing, budget, at, streak, retry_at, version, last_wrong, refused_at in (
                _LOCK(self._connection, tenant_id, subjects)
            )
        }

    def write(self, tenant_id: str, changes: Mapping[ThrottleKey, Failures]) -> None:
        """Writes rows over what they were when they were read, or where there was none.

        Args:
            tenant_id: whose.
            changes: the new contents, each with the version that was read.

        Raises:
            StaleRowError: somebody else was quicker.
        """
        if not changes:
            return
        rows = [_to_row(tenant_id, key, changes[key]) for key in sorted(changes)]
        try:
            written = self._connection.execute(_UPSERT[self._connection.dialect.name], rows).rowcount
        except OperationalError as error:
            if isinstance(error.orig, DeadlockDetected):  # three batches that add the same rows can meet so
                raise StaleRowError from error
            raise
        if written != len(rows):
            raise StaleRowError

    def forget(self, tenant_id: str, before: float, limit: int) -> None:
        """Deletes up to `limit` rows that nobody touched since `before`, none that another transaction holds."""
        old = (
            select(*(throttles.c[name] for name in _KEY))
            .where(throttles.c.tenant_id == tenant_id, throttles.c.at < before)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        self._connection.execute(
            delete(throttles).where(tuple_(*(throttles.c[name] for name in _KEY)).in_(old))
        )


def _to_row(tenant_id: str, key: ThrottleKey, failures: Failures) -> dict[str, Any]:
    return {
        "tenant_id": tenant_id,
        "subject": key.subject,
        "standing": key.standing.value,
        **failures.state._asdict(),
        "version": failures.version + 1,
        "last_wrong": failures.last_wrong,
        "refused_at": failures.refused_at,
    }


class KnownSources:
    """Where tokens were used from, within one transaction that has locked those tokens."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def of(self, tenant_id: str, token_ids: Collection[str]) -> dict[str, dict[bytes, float]]:
        """Of each token the SHA-256 of its sources, and when it was last used from there."""
        query = select(known_sources.c.token_id, known_sources.c.source_sha256, known_sources.c.seen_at)
        query = query.where(known_sources.c.tenant_id == tenant_id, known_sources.c.token_id.in_(token_ids))
        found: dict[str, dict[bytes, float]] = {token_id: {} for token_id in token_ids}
        for token_id, source, seen_at in self._connection.execute(query):
            found[token_id][bytes(source)] = seen_at
        return found

    def write(self, tenant_id: str, token_id: str, sources: Mapping[bytes, float]) -> None:
        """Remembers these sources of a token, and no others."""
        self._connection.execute(delete(known_sources).where(known_sources.c.token_id == token_id))
        self._connection.execute(known_sources.insert(), list(_source_rows(tenant_id, token_id, sources)))


def _source_rows(tenant_id: str, token_id: str, sources: Mapping[bytes, float]) -> Iterable[dict[str, Any]]:
    for source, seen_at in sources.items():
        yield {
            "token_id": token_id,
            "source_sha256": source,
            "tenant_id": tenant_id,
            "seen_at": seen_at,
        }
