"""What became of a submitted code: the short answer for the caller, the reason for the record."""

import enum
from typing import NamedTuple


class Answer(enum.StrEnum):
    """What a caller learns."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    RETRY_AFTER = "retry-after"
    """Nothing was compared; the code may be sent again later. Only those who may diagnose are told."""


class Reason(enum.StrEnum):
    """Why, for the audit log and for those who may read it."""

    ACCEPTED = "accepted"
    ACCEPTED_AS_PAIR = "accepted-as-pair"
    """The code before it and this one are two consecutive ones beyond the window."""
    WRONG = "wrong"
    WRONG_AS_PAIR = "wrong-as-pair"
    """It is wrong, and the code before it and this one are not two consecutive ones."""
    REPLAYED = "replayed"
    MALFORMED = "malformed"
    QUESTION_UNUSABLE = "question-unusable"
    """The token answers questions, and there was none of its suite; or it answers none, and there was one."""
    QUESTION_NOT_OPEN = "question-not-open"
    """Nothing but the question moves the token on, and this one was not asked, or too long ago, or answered already."""
    THROTTLED = "throttled"
    LOCKED = "locked"
    UNKNOWN_TOKEN = "unknown-token"  # noqa: S105  a word for the record
    NOT_ACTIVE = "not-active"
    SEED_UNUSABLE = "seed-unusable"

    @property
    def answer(self) -> Answer:
        """What the caller is told, if the caller may diagnose."""
        return _ANSWERS.get(self, Answer.REFUSED)


_ANSWERS = {
    Reason.ACCEPTED: Answer.ACCEPTED,
    Reason.ACCEPTED_AS_PAIR: Answer.ACCEPTED,
    Reason.THROTTLED: Answer.RETRY_AFTER,
    Reason.LOCKED: Answer.RETRY_AFTER,
}


class Outcome(NamedTuple):
    """The reason, with what goes with it.

    Attributes:
        reason: what happened.
        step: the time step or counter that the code was of, where it was of one.
        retry_after_s: how long to wait, where the answer is to retry.
        repeated: whether it is the outcome of an earlier attempt, which this one asks for again.
    """

    reason: Reason
    step: int | None = None
    retry_after_s: float = 0.0
    repeated: bool = False

    @property
    def answer(self) -> Answer:
        """What the caller is told, if the caller may diagnose."""
        return self.reason.answer

    @property
    def recorded(self) -> str:
        """The word for the record."""
        return f"repeated-{self.reason.value}" if self.repeated else self.reason.value
