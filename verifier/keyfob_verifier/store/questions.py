"""The questions that tokens were asked or have answered, as rows."""

from collections.abc import Collection, Iterable, Mapping

from sqlalchemy import Connection, delete, insert, or_, select

from keyfob_verifier.attempts import ANSWERED, KeptQuestion
from keyfob_verifier.store.schema import questions

_PASSING = or_(questions.c.step.is_(None), questions.c.step > ANSWERED)


class Questions:
    """The questions of a database by their digests, within one transaction that has locked their tokens."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def of(self, tenant_id: str, token_ids: Collection[str]) -> dict[str, dict[bytes, KeptQuestion]]:
        """What is kept of each of these tokens, but for what is answered for good."""
        found: dict[str, dict[bytes, KeptQuestion]] = {token_id: {} for token_id in token_ids}
        query = select(questions.c.token_id, questions.c.digest, questions.c.at, questions.c.step)
        query = query.where(questions.c.tenant_id == tenant_id, questions.c.token_id.in_(token_ids), _PASSING)
        for token_id, digest, at, step in self._connection.execute(query):
            found[token_id][bytes(digest)] = KeptQuestion(at, step)
        return found

    def is_answered(self, tenant_id: str, token_id: str, digest: bytes) -> bool:
        """Whether a question of a token is answered for good."""
        key = (
            questions.c.tenant_id == tenant_id,
            questions.c.token_id == token_id,
            questions.c.digest == digest,
        )
        query = select(questions.c.digest).where(*key, questions.c.step == ANSWERED)
        return self._connection.execute(query).first() is not None

    def keep(self, tenant_id: str, token_id: str, kept: Mapping[bytes, KeptQuestion]) -> None:
        """Adds questions that are not there yet."""
        rows = [
            {"tenant_id": tenant_id, "token_id": token_id, "digest": digest, "at": row.at, "step": row.step}
            for digest, row in kept.items()
        ]
        if rows:
            self._connection.execute(insert(questions), rows)

    def forget(self, tenant_id: str, token_id: str, digests: Iterable[bytes]) -> None:
        """Deletes questions."""
        gone = list(digests)
        if gone:
            self._connection.execute(
                delete(questions).where(
                    questions.c.tenant_id == tenant_id,
                    questions.c.token_id == token_id,
                    questions.c.digest.in_(gone),
                )
            )

    def forget_open(self) -> None:
        """Deletes those of all tokens of all tenants, but for what is answered for good."""
        self._connection.execute(delete(questions).where(_PASSING))
