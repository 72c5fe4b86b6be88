"""Errors as problem details (RFC 9457), media type application/problem+json."""

import math
import traceback
from collections.abc import Awaitable, Callable, Iterator, Mapping
from http import HTTPStatus

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from keyfob.diagnostics import InvalidReportError
from keyfob.errors import (
    InvalidOcraSuiteError,
    InvalidParametersError,
    InvalidSeedError,
    InvalidUriError,
    KeyfobError,
    MalformedCodeError,
    MalformedQuestionError,
    OcraInputError,
)
from keyfob_verifier.api.models import Problem
from keyfob_verifier.errors import StorageUnavailableError, UnauthorizedError, VerifierError

log = structlog.get_logger()

_CALLERS_MISTAKES = (
    InvalidOcraSuiteError,
    InvalidParametersError,
    InvalidReportError,
    InvalidSeedError,
    InvalidUriError,
    MalformedCodeError,
    MalformedQuestionError,
    OcraInputError,
)

_WORDS = {404: "not-found", 405: "method-not-allowed", 409: "conflict", 413: "too-large"}
"""What the framework's own refusals are called, whatever the interpreter's phrase for their status."""

RESPONSES: dict[int | str, dict[str, object]] = {
    status: {"model": Problem, "description": HTTPStatus(status).phrase}
    for status in (401, 403, 404, 409, 413, 422, 429, 503)
}


class RetryLaterError(KeyfobError):
    """The token must be left alone for a while; nothing was compared."""

    code = "retry-later"

    def __init__(self, retry_after_s: float) -> None:
        self.retry_after_s = math.ceil(retry_after_s)
        super().__init__(
            f"too many failed attempts: try again in {self.retry_after_s} s; this one was not counted"
        )


def problem(
    status: int,
    code: str,
    detail: str,
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    """A problem as a response; `code` is stable, `detail` is for people."""
    body = Problem(
        type=f"urn:keyfob:problem:{code}",
        title=HTTPStatus(status).phrase,
        status=status,
        detail=detail,
    )
    return JSONResponse(body.model_dump(), status, headers, media_type="application/problem+json")


def install(app: FastAPI) -> None:
    """Turns every error that reaches the application into a problem."""
    for kind, answer in _ANSWERS.items():
        app.add_exception_handler(kind, answer)


async def problem_of(request: Request, error: Exception) -> Response:
    """An error as the response that it becomes within the application."""
    answers = (answer for kind, answer in _ANSWERS.items() if isinstance(error, kind))
    return await next(answers)(request, error)


async def _keyfob_error(request: Request, error: Exception) -> Response:
    match error:
        case UnauthorizedError():
            return _challenge(request, error)
        case RetryLaterError():
            return problem(429, error.code, str(error), {"Retry-After": str(error.retry_after_s)})
        case StorageUnavailableError():
            log.error("storage unavailable", reason=error.reason)
            detail = "the database cannot be reached or written: try again shortly"
            return problem(error.status, error.code, detail, {"Retry-After": str(error.retry_after_s)})
        case VerifierError():
            if error.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
                log.error("refused", code=error.code, said=str(error))
            return refusal(error)
        case KeyfobError() if isinstance(error, _CALLERS_MISTAKES):
            return problem(422, error.code, str(error))
        case _:
            return await _fault(request, error)


def refusal(error: VerifierError) -> Response:
    """A verifier's error as a response; one that passes by itself says when to ask again."""
    retry_after_s = getattr(error, "retry_after_s", None)
    headers = None if retry_after_s is None else {"Retry-After": str(math.ceil(retry_after_s))}
    return problem(error.status, error.code, str(error), headers)


def _challenge(request: Request, error: UnauthorizedError) -> Response:
    """Asks for an API key; a browser asks its user for one where they went to a page, not where a script asks."""
    response = problem(error.status, error.code, str(error))
    if request.headers.get("sec-fetch-mode", "navigate") == "navigate":
        response.headers.append("WWW-Authenticate", 'Basic realm="keyfob"')
    # a line each: browsers heed the first challenge of a line only
    response.headers.append("WWW-Authenticate", 'Bearer realm="keyfob"')
    return response


async def _invalid_request(_request: Request, error: Exception) -> Response:
    """Names the fields and what is wrong with them, never what was in them."""
    if not isinstance(error, RequestValidationError):
        raise error
    faults = [f"{'.'.join(map(str, fault['loc'][1:])) or 'body'}: {fault['msg']}" for fault in error.errors()]
    return problem(422, "invalid-request", "; ".join(faults))


async def _http_exception(_request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    if error.status_code == HTTPStatus.BAD_REQUEST:  # the framework's word for a body that is no text
        return problem(422, "invalid-request", "body: it is not JSON in UTF-8")
    word = _WORDS.get(error.status_code, "refused")
    return problem(error.status_code, word, str(error.detail), error.headers)


async def _fault(_request: Request, error: Exception) -> Response:
    """Says nothing to the caller."""
    log_fault(error)
    return problem(500, "fault", "keyfob failed; its log says where")


def log_fault(error: Exception) -> None:
    """Tells the log where it happened; other people's messages may repeat a secret."""
    log.error("fault", chain=[_told(link) for link in _chain(error)])


def _chain(error: BaseException) -> Iterator[BaseException]:
    link: BaseException | None = error
    while link is not None:
        yield link
        link = link.__cause__ or link.__context__


def _told(error: BaseException) -> dict[str, object]:
    frames = traceback.extract_tb(error.__traceback__)
    told: dict[str, object] = {
        "kind": type(error).__name__,
        "at": [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames],
    }
    return told | {"said": str(error)} if isinstance(error, KeyfobError) else told


_ANSWERS: dict[type[Exception], Callable[[Request, Exception], Awaitable[Response]]] = {
    KeyfobError: _keyfob_error,
    RequestValidationError: _invalid_request,
    HTTPException: _http_exception,
    Exception: _fault,
}
"""What becomes of each kind of error; the last stands for every other one."""
