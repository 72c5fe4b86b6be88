"""What is told of an outcome."""

from keyfob_verifier.access import Caller, Permission
from keyfob_verifier.api.models import AnswerResponse
from keyfob_verifier.api.problems import RetryLaterError
from keyfob_verifier.errors import UnreadableCodeError
from keyfob_verifier.service.outcome import Answer, Outcome, Reason


def answer(outcome: Outcome, caller: Caller) -> AnswerResponse:
    """The short answer. Only somebody who may diagnose learns why, and that a token is to be left alone for a while.

    Raises:
        UnreadableCodeError: what was sent cannot be a code.
        RetryLaterError: nothing was compared.
    """
    if outcome.reason is Reason.MALFORMED:
        raise UnreadableCodeError
    if outcome.answer is Answer.ACCEPTED:
        told = AnswerResponse(answer="accepted")
    else:
        told = AnswerResponse(answer="refused")
    if caller.may(Permission.DIAGNOSE):
        if outcome.answer is Answer.RETRY_AFTER:
            raise RetryLaterError(outcome.retry_after_s)
        told.reason = outcome.reason
    return told
