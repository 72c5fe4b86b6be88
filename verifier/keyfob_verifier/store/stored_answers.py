"""Answers that may be asked for again, as rows."""

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import Connection, delete, or_, select
from sqlalchemy.exc import IntegrityError

from keyfob_verifier.attempts import StoredAnswer
from keyfob_verifier.errors import StaleRowError
from keyfob_verifier.store.schema import stored_answers


class StoredAnswers:
    """The answers of a database, by the digest of their questions, within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def find(self, digests: Collection[bytes]) -> dict[bytes, StoredAnswer]:
        """The answers to these questions, as far as there are any."""
        query = select(stored_answers).where(stored_answers.c.digest.in_(digests))
        return {bytes(digest): StoredAnswer(*answer) for digest, *answer in self._connection.execute(query)}

    def add(self, answers: Mapping[bytes, StoredAnswer]) -> None:
        """Stores answers to questions that had none, or none that was still good.

        Raises:
            StaleRowError: somebody else answered one of them meanwhile.
        """
        digests = sorted(answers)
        try:
            self._connection.execute(
                stored_answers.insert(), [_to_row(digest, answers[digest]) for digest in digests]
            )
        except IntegrityError as error:
            raise StaleRowError from error

    def forget(self, before: float, after: float, stale: Collection[bytes], limit: int) -> None:
        """Deletes the `stale` answers, and up to `limit` given before or after a time that others do not hold."""
        old = (
            select(stored_answers.c.digest)
            .where(or_(stored_answers.c.at < before, stored_answers.c.at > after))
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        self._connection.execute(
            delete(stored_answers).where(
                or_(stored_answers.c.digest.in_(old), stored_answers.c.digest.in_(stale))
            )
        )


def _to_row(digest: bytes, answer: StoredAnswer) -> dict[str, Any]:
    return {
        "digest": digest,
        "reason": answer.reason,
        "step": answer.step,
        "retry_after_s": answer.retry_after_s,
        "at": answer.at,
    }
