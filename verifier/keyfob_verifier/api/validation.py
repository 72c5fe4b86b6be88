"""The route that everything is for: is this code good now?"""

from collections.abc import Callable
from typing import Annotated, TypeVar

from fastapi import APIRouter, Depends, Header, Request
from fastapi.exceptions import RequestValidationError
from pydantic import TypeAdapter, ValidationError
from starlette.types import ASGIApp, Receive, Scope, Send

from keyfob_verifier.access import Caller, Permission
from keyfob_verifier.api.answers import answer
from keyfob_verifier.api.dependencies import OpenContext, Requires, Writer
from keyfob_verifier.api.models import AnswerResponse, ValidateRequest
from keyfob_verifier.api.problems import RESPONSES, problem_of
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
_PATH = "/v1/validate"
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


class Directly:
    """The same, its arguments gathered without FastAPI, whose handling of a request costs more than a verification.

    It stands round the application that FastAPI makes, and lets everything else through to it.

    Args:
        app: that application.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers as `validate` does, or as the application does."""
        if scope["type"] != "http" or scope["path"] != _PATH or scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        try:
            answered = await _validated(request)
        except Exception as error:  # noqa: BLE001  here is where errors become answers
            refused = await problem_of(request, error)
            await refused(scope, receive, send)
            return
        body = answered.model_dump_json(exclude_none=True).encode()
        headers = [_JSON, (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})


async def _validated(request: Request) -> AnswerResponse:
    state = request.app.state
    caller = await _MAY_VALIDATE(request)
    question, key = _question(request, await request.body()), _idempotency_key(request)
    return await validate(question, caller, state.context, state.writer, key)


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
