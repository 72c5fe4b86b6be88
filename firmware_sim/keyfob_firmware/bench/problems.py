"""Errors as problem details (RFC 9457), media type application/problem+json."""

import logging
from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from keyfob.errors import (
    CounterRangeError,
    InvalidOcraSuiteError,
    InvalidParametersError,
    InvalidSeedError,
    InvalidUriError,
    KeyfobError,
    MalformedQuestionError,
    UnknownTemperatureProfileError,
    UnreadableQrError,
)
from keyfob_firmware.bench.errors import BenchError
from keyfob_firmware.bench.models import Problem
from keyfob_firmware.errors import (
    AlreadyProvisionedError,
    FuseBlownError,
    InvalidDisplayError,
    InvalidPinError,
    InvalidSerialError,
    NoCodeError,
    PowerFailedError,
    UnsuitableSuiteError,
)

log = logging.getLogger(__name__)

_CALLERS_MISTAKES = (
    InvalidDisplayError,
    InvalidOcraSuiteError,
    InvalidParametersError,
    InvalidPinError,
    InvalidSeedError,
    InvalidSerialError,
    InvalidUriError,
    MalformedQuestionError,
    UnknownTemperatureProfileError,
    UnreadableQrError,
    UnsuitableSuiteError,
)
_NOT_AS_IT_IS = (AlreadyProvisionedError, CounterRangeError, FuseBlownError, NoCodeError, PowerFailedError)
"""What the fob refuses in the state that it is in."""

_WORDS = {404: "not-found", 405: "method-not-allowed", 413: "too-large"}

RESPONSES: dict[int | str, dict[str, object]] = {
    status: {"model": Problem, "description": HTTPStatus(status).phrase}
    for status in (401, 403, 404, 409, 413, 422, 503)
}


def problem(status: int, code: str, detail: str) -> JSONResponse:
    """A problem as a response; `code` is stable, `detail` is for people."""
    body = Problem(
        type=f"urn:keyfob:problem:{code}", title=HTTPStatus(status).phrase, status=status, detail=detail
    )
    headers = (
        {"WWW-Authenticate": 'Bearer realm="keyfob bench"'} if status == HTTPStatus.UNAUTHORIZED else None
    )
    return JSONResponse(body.model_dump(), status, headers, media_type="application/problem+json")


def refusal(error: KeyfobError) -> JSONResponse:
    """The problem that an error is."""
    match error:
        case BenchError():
            return problem(error.status, error.code, str(error))
        case KeyfobError() if isinstance(error, _CALLERS_MISTAKES):
            return problem(422, error.code, str(error))
        case KeyfobError() if isinstance(error, _NOT_AS_IT_IS):
            return problem(409, error.code, str(error))
        case _:
            return _fault_of(error)


def install(app: FastAPI) -> None:
    """Turns every error that reaches the application into a problem."""
    app.add_exception_handler(KeyfobError, _keyfob_error)
    app.add_exception_handler(RequestValidationError, _invalid_request)
    app.add_exception_handler(HTTPException, _http_exception)
    app.add_exception_handler(Exception, _fault)


async def _keyfob_error(_request: Request, error: Exception) -> Response:
    return refusal(error) if isinstance(error, KeyfobError) else _fault_of(error)


async def _invalid_request(_request: Request, error: Exception) -> Response:
    """Names the fields and what is wrong with them, never what was in them."""
    if not isinstance(error, RequestValidationError):
        raise error
    faults = [f"{'.'.join(map(str, fault['loc'][1:])) or 'body'}: {fault['msg']}" for fault in error.errors()]
    return problem(422, "invalid-request", "; ".join(faults))


async def _http_exception(_request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    return problem(error.status_code, _WORDS.get(error.status_code, "refused"), str(error.detail))


async def _fault(_request: Request, error: Exception) -> Response:
    return _fault_of(error)


def _fault_of(error: Exception) -> JSONResponse:
    log.error("fault: %s", type(error).__name__, exc_info=error)
    return problem(500, "fault", "keyfob failed; its standard error says where")
