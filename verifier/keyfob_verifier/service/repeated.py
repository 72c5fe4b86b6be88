"""Attempts that are made again because their answer was lost: within a minute they get the answer that they had."""

from collections.abc import Iterable

from keyfob_verifier.attempts import Challenge, StoredAnswer, digest
from keyfob_verifier.service.outcome import Outcome, Reason
from keyfob_verifier.store.database import Transaction

KEPT_S = 60.0
FORGOTTEN_AT_ONCE = 100


def attempt_digest(
    actor: str,
    tenant_id: str,
    idempotency_key: str,
    *,
    serial: str,
    code: str,
    challenge: Challenge | None,
) -> bytes:
    """What tells an attempt from every other one: nothing is kept of it but this."""
    fields = ("attempt 1", actor, tenant_id, idempotency_key, serial, code)
    if challenge is None:
        return digest(*fields)
    session = () if challenge.session is None else (challenge.session.hex(),)
    return digest(*fields, challenge.question, *session)


class Repeated:
    """The stored answers to a batch of attempts, within a transaction that has locked their tokens.

    Args:
        transaction: where they are read and written.
        digests: of those attempts that may be made again.
        at: the time by a clock that does not jump.
    """

    def __init__(self, transaction: Transaction, digests: Iterable[bytes], at: float) -> None:
        self._transaction, self._at = transaction, at
        asked = set(digests)
        stored = transaction.stored_answers.find(asked) if asked else {}
        self._known = {key: answer for key, answer in stored.items() if abs(at - answer.at) < KEPT_S}
        self._stale = stored.keys() - self._known.keys()
        self._new: dict[bytes, StoredAnswer] = {}

    def answer(self, key: bytes) -> Outcome | None:
        """The outcome that this attempt had already, if it had one."""
        stored = self._known.get(key)
        if stored is None:
            return None
        return Outcome(Reason(stored.reason), stored.step, stored.retry_after_s, repeated=True)

    def keep(self, key: bytes, outcome: Outcome) -> None:
        """Keeps an outcome for whoever asks again."""
        stored = StoredAnswer(outcome.reason.value, outcome.step, outcome.retry_after_s, self._at)
        self._known[key] = self._new[key] = stored

    def write(self) -> None:
        """Stores what is new, and forgets what is old.

        Raises:
            StaleRowError: the same was asked and answered elsewhere meanwhile.
        """
        if self._new:
            before, after = self._at - KEPT_S, self._at + KEPT_S
            self._transaction.stored_answers.forget(before, after, self._stale, FORGOTTEN_AT_ONCE)
            self._transaction.stored_answers.add(self._new)
