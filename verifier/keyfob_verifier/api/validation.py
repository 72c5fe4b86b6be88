"""The route that everything is for: is this code good now?"""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import TypeAdapter, ValidationError
from starlette.types import Receive, Scope, Send

from keyfob_verifier.access import Caller, Permission
from keyfob_verifier.api.answers import answer
from keyfob_verifier.api.dependencies import OpenContext, Requires, Writer
from keyfob_verifier.api.models import AnswerResponse, ValidateRequest
from keyfob_verifier.api.problems import RESPONSES
from keyfob_verifier.service.verification import Attempt

_QUESTION = TypeAdapter(ValidateRequest)
_MAY_VALIDATE = Requires(Permission.VALIDATE)
_JSON = (b"content-type", b"application/json")


class DirectRoute(APIRoute):
    """A route that is described as FastAPI describes any, and whose arguments are gathered without it.

    FastAPI's own handling of a request costs more than all of a verification; this route is asked the most.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.app = _answer_directly


async def _answer_directly(scope: Scope, receive: Receive, send: Send) -> None:
    request = Request(scope, receive)
    state = request.app.state
    caller = await _MAY_VALIDATE(request)
    answered = await validate(_question(await request.body()), caller, state.context, state.writer)
    body = answered.model_dump_json(exclude_none=True).encode()
    headers = [_JSON, (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _question(body: bytes) -> ValidateRequest:
    try:
        return _QUESTION.validate_json(body)
    except ValidationError as error:
        faults = error.errors(include_url=False, include_input=False, include_context=False)
        raise RequestValidationError([fault | {"loc": ("body", *fault["loc"])} for fault in faults]) from None


router = APIRouter(prefix="/v1", tags=["validation"], responses=RESPONSES, route_class=DirectRoute)


@router.post("/validate")
async def validate(
    request: ValidateRequest,
    caller: Annotated[Caller, Depends(_MAY_VALIDATE)],
    context: OpenContext,
    writer: Writer,
) -> AnswerResponse:
    """Accepts a code once, or refuses it. Why is in the record, not in the answer."""
    attempt = Attempt(caller.tenant_id, caller.actor, request.serial, request.code, context.clock.now())
    return answer(await writer.submit(attempt), caller)
