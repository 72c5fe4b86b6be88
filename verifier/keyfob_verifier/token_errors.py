"""What can be wrong with what a token is asked to be, or asked to do."""

from typing import ClassVar

from keyfob_verifier.errors import VerifierError


class InvalidApplicationError(VerifierError):
    """No token can be what was asked for.

    Attributes:
        reason: what does not fit, as the end of a sentence that begins with the token.
    """

    code = "invalid-application"
    status: ClassVar[int] = 422

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(f"such a token cannot be enrolled: {reason}")


class NoQuestionsError(VerifierError):
    """A token was to be asked a question, and does not answer questions."""

    code = "no-questions"
    status: ClassVar[int] = 409

    def __init__(self, serial: str, kind: str) -> None:
        self.serial, self.kind = serial, kind
        super().__init__(f"token {serial!r} is of the kind {kind}; only an ocra token answers questions")


class QuestionMissingError(VerifierError):
    """A token that answers questions was to be used without one."""

    code = "question-missing"
    status: ClassVar[int] = 422

    def __init__(self, serial: str) -> None:
        self.serial = serial
        super().__init__(f"token {serial!r} answers questions: say which one its code answers")


class QuestionNotOpenError(VerifierError):
    """A question is not open any more, or never was."""

    code = "question-not-open"
    status: ClassVar[int] = 409

    def __init__(self, serial: str) -> None:
        self.serial = serial
        super().__init__(
            f"token {serial!r} was not asked this question, or too long ago, or has answered it: ask a new one"
        )


class NothingToResyncError(VerifierError):
    """A token was to be resynchronized that has neither a clock nor a counter."""

    code = "nothing-to-resync"
    status: ClassVar[int] = 409

    def __init__(self, serial: str) -> None:
        self.serial = serial
        super().__init__(
            f"token {serial!r} has neither clock nor counter: ask it a question, and its answer counts at once"
        )
