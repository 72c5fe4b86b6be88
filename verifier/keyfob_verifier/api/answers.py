"""What is told of an outcome."""

from keyfob.errors import MalformedCodeError
from keyfob_verifier.api.models import AnswerResponse
from keyfob_verifier.api.problems import RetryLaterError
from keyfob_verifier.service.outcome import Answer, Outcome, Reason


def answer(outcome: Outcome) -> AnswerResponse:
    """The short answer; the reason stays in the record.

    Raises:
        MalformedCodeError: what was sent cannot be a code.
        RetryLaterError: nothing was compared.
    """
    if outcome.reason is Reason.MALFORMED:
        raise MalformedCodeError(outcome.digits)
    if outcome.answer is Answer.RETRY_AFTER:
        raise RetryLaterError(outcome.retry_after_s)
    return AnswerResponse(answer="accepted" if outcome.answer is Answer.ACCEPTED else "refused")
