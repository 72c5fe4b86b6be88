"""What became of a submitted code: the short answer for the caller, the reason for the record."""

import enum
from dataclasses import dataclass


class Answer(enum.StrEnum):
    """All that a caller learns."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    RETRY_AFTER = "retry-after"
    """Nothing was compared; the code may be sent again later."""


class Reason(enum.StrEnum):
    """Why, for the audit log and for those who may read it."""

    ACCEPTED = "accepted"
    WRONG = "wrong"
    REPLAYED = "replayed"
    MALFORMED = "malformed"
    THROTTLED = "throttled"
    LOCKED = "locked"
    UNKNOWN_TOKEN = "unknown-token"  # noqa: S105  a word for the record
    NOT_ACTIVE = "not-active"
    SEED_UNUSABLE = "seed-unusable"

    @property
    def answer(self) -> Answer:
        """What the caller is told."""
        match self:
            case Reason.ACCEPTED:
                return Answer.ACCEPTED
            case Reason.THROTTLED | Reason.LOCKED:
                return Answer.RETRY_AFTER
            case _:
                return Answer.REFUSED


@dataclass(frozen=True, slots=True)
class Outcome:
    """The reason, with what goes with it.

    Attributes:
        reason: what happened.
        step: the time step that the code was of, where it was of one.
        retry_after_s: how long to wait, where the answer is to retry.
        digits: how many digits the code should have had, where it was malformed.
    """

    reason: Reason
    step: int | None = None
    retry_after_s: float = 0.0
    digits: int = 0

    @property
    def answer(self) -> Answer:
        """What the caller is told."""
        return self.reason.answer
