"""The route that everything is for: is this code good now?"""

from fastapi import APIRouter

from keyfob_verifier.api.answers import answer
from keyfob_verifier.api.dependencies import Caller, OpenContext, Writer
from keyfob_verifier.api.models import AnswerResponse, ValidateRequest
from keyfob_verifier.api.problems import RESPONSES
from keyfob_verifier.service.verification import Attempt

router = APIRouter(prefix="/v1", tags=["validation"], responses=RESPONSES)


@router.post("/validate")
async def validate(
    request: ValidateRequest,
    caller: Caller,
    context: OpenContext,
    writer: Writer,
) -> AnswerResponse:
    """Accepts a code once, or refuses it. Why is in the record, not in the answer."""
    attempt = Attempt(caller.tenant_id, caller.id, request.serial, request.code, context.clock.now())
    return answer(await writer.submit(attempt))
