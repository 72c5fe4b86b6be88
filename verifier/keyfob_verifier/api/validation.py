"""The route that everything is for: is this code good now?"""

from collections.abc import Callable
from typing import Annotated, TypeVar

from fastapi import APIRouter, Depends, Header, Request
from fastapi.exceptions import RequestValidationError
from pydantic import TypeAdapter, ValidationError
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from keyfob_verifier.access import Caller, Permission
from keyfob_verifier.api.answers import answer
from keyfob_verifier.api.dependencies import OpenContext, Requires, Writer
from keyfob_verifier.api.models import AnswerResponse, ValidateRequest
from keyfob_verifier.api.problems import RESPONSES
from keyfob_verifier.service.verification import Attempt

IdempotencyKey = Annotated[
    str | None,
    Header(
        min_length=1,
        max_length=255,
        description="Names the attempt: sent again within a minute, it gets the answer that it had.",
    ),
]

Checked = TypeVar("Checked")

_QUESTION = TypeAdapter(ValidateRequest)
_KEY: TypeAdapter[str | None] = TypeAdapter(IdempotencyKey)
_MAY_VALIDATE = Requires(Permission.VALIDATE)
_JSON = (b"content-type", b"application/json")

router = APIRouter(prefix="/v1", tags=["validation"], responses=RESPONSES)


@router.post("/validate", response_model_exclude_none=True)
async def validate(
    request: ValidateRequest,
    caller: Annotated[Caller, Depends(_MAY_VALIDATE)],
    context: OpenContext,
    writer: Writer,
    idempotency_key: IdempotencyKey = None,
) -> AnswerResponse:
    """Accepts a code once, or refuses it. Why is in the record; those who may diagnose are told, too."""
    moment = context.guard.moment()
    attempt = Attempt(
        caller.tenant_id,
        caller.actor,
        request.serial,
        request.code,
        moment.at,
        request.source,
        moment.steady_at,
        moment.learns,
        idempotency_key,
        request.challenge,
    )
    return answer(await writer.submit(attempt), caller)


class _Directly:
    """The same, its arguments gathered without FastAPI, whose handling of a request costs more than a verification.

    Attributes:
        guard: whom it is for, said once more for the permission table.
    """

    guard = _MAY_VALIDATE

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers as `validate` does; errors go to the application's handlers."""
        request = Request(scope, receive)
        state = request.app.state
        caller = await self.guard(request)
        question, key = _question(request, await request.body()), _idempotency_key(request)
        answered = await validate(question, caller, state.context, state.writer, key)
        body = answered.model_dump_json(exclude_none=True).encode()
        headers = [_JSON, (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})


def direct_route() -> Route:
    """The route that answers in place of FastAPI's, which describes it."""
    return Route("/v1/validate", _Directly(), methods=["POST"])


def _question(request: Request, body: bytes) -> ValidateRequest:
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        fault = {"type": "json_type", "loc": ("body",), "msg": "the body must be JSON, and say so"}
        raise RequestValidationError([fault])
    return _checked(lambda: _QUESTION.validate_json(body), "body")


def _idempotency_key(request: Request) -> str | None:
    named = request.headers.get("idempotency-key")
    return (
        None if named is None else _checked(lambda: _KEY.validate_python(named), "header", "idempotency-key")
    )


def _checked(check: Callable[[], Checked], *place: str) -> Checked:
    """What a model makes of a part of the request; its complaints name the part, as FastAPI's do."""
    try:
        return check()
    except ValidationError as error:
        faults = error.errors(include_url=False, include_input=False, include_context=False)
        raise RequestValidationError(
            [{**fault, "loc": (*place, *fault["loc"])} for fault in faults]
        ) from None
