"""Sealed seeds by the data key that they lie under."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from keyfob_verifier.errors import DamagedTokenError, StaleRowError
from keyfob_verifier.records import SEALED_AS, Token
from keyfob_verifier.store.bulk import BulkUpdate
from keyfob_verifier.store.schema import tokens
from keyfob_verifier.store.tokens import SELECT, token_from_row

_RESEAL = BulkUpdate(
    tokens,
    known=("id", "version", "status"),
    changed=("version", "sealed_seed", "sealed_as", "data_key_id"),
)


@dataclass(frozen=True, slots=True)
class SeedCount:
    """How many seeds lie under a data key, and how many of them are sealed in an older form."""

    seeds: int = 0
    older: int = 0


class SealedSeeds:
    """The sealed seeds of a database, within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def counts(self) -> dict[str, SeedCount]:
        """How many lie under each data key that has any."""
        older = func.count().filter(tokens.c.sealed_as != SEALED_AS)
        query = select(tokens.c.data_key_id, func.count(), older).group_by(tokens.c.data_key_id)
        return {row[0]: SeedCount(row[1], row[2]) for row in self._connection.execute(query)}

    def count(self, data_key_id: str) -> int:
        """How many lie under a data key."""
        query = select(func.count()).select_from(tokens).where(tokens.c.data_key_id == data_key_id)
        return int(self._connection.execute(query).scalar_one())

    def lock(self, data_key_id: str, after: str, limit: int) -> list[tuple[str, str, Token | None]]:
        """Up to `limit` tokens whose seeds lie under a data key, by id, those after id `after`, kept from other writers.

        Returns:
            Id, serial and token of each; None in place of a token whose record was altered.
        """
        query = (
            SELECT.where(tokens.c.data_key_id == data_key_id, tokens.c.id > after)
            .order_by(tokens.c.id)
            .limit(limit)
            .with_for_update()
        )
        found: list[tuple[str, str, Token | None]] = []
        for row in self._connection.execute(query):
            try:
                found.append((row.id, row.serial, token_from_row(row)))
            except DamagedTokenError:
                found.append((row.id, row.serial, None))
        return found

    def replace(self, changes: Sequence[tuple[Token, Token]]) -> None:
        """Writes seeds as they are sealed from now on; whatever else the tokens have stays.

        Args:
            changes: pairs of the token as it was read and as it is sealed now.

        Raises:
            StaleRowError: one of them is no longer as it was read.
        """
        rows = [
            (
                known.version + 1,
                new.sealed_seed,
                new.sealed_as,
                new.data_key_id,
                known.id,
                known.version,
                known.status.value,
            )
            for known, new in changes
        ]
        if _RESEAL(self._connection, rows) != len(rows):
            raise StaleRowError
