"""Errors as pages."""

from http import HTTPStatus

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from keyfob.errors import KeyfobError, MalformedQuestionError, OcraInputError
from keyfob_verifier.access_errors import ForbiddenError
from keyfob_verifier.api.problems import log_fault
from keyfob_verifier.console.pages import go_to, page
from keyfob_verifier.errors import StorageUnavailableError, VerifierError
from keyfob_verifier.people_errors import SessionEndedError

log = structlog.get_logger()

_FORBIDDEN = "Your role does not allow this. An administrator can tell who may."
_UNAVAILABLE = "The database cannot be reached or written. Nothing was changed: try again shortly."
_FAULT = "keyfob failed; its log says where."


def install(app: FastAPI) -> None:
    """Turns every error that reaches the console into a page."""
    app.add_exception_handler(KeyfobError, _keyfob_error)
    app.add_exception_handler(RequestValidationError, _not_found)
    app.add_exception_handler(HTTPException, _http_exception)
    app.add_exception_handler(Exception, _fault)


async def _keyfob_error(request: Request, error: Exception) -> Response:
    match error:
        case SessionEndedError():
            return go_to(request, "/sign-in", "session-ended" if request.cookies else "")
        case ForbiddenError():
            return _problem(request, error.status, _FORBIDDEN)
        case StorageUnavailableError():
            log.error("storage unavailable", reason=error.reason)
            return _problem(request, error.status, _UNAVAILABLE)
        case VerifierError() if error.status < HTTPStatus.INTERNAL_SERVER_ERROR:
            return _problem(request, error.status, _sentence(error))
        case MalformedQuestionError() | OcraInputError():
            return _problem(request, HTTPStatus.UNPROCESSABLE_ENTITY, _sentence(error))
        case _:
            return await _fault(request, error)


async def _not_found(request: Request, _error: Exception) -> Response:
    """An address that cannot be one of ours, or a form without a field that it has."""
    return _problem(request, HTTPStatus.NOT_FOUND, "There is nothing here.")


async def _http_exception(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    if error.status_code == HTTPStatus.NOT_FOUND:
        return await _not_found(request, error)
    return _problem(request, error.status_code, f"{error.detail}.")


async def _fault(request: Request, error: Exception) -> Response:
    log_fault(error)
    return _problem(request, HTTPStatus.INTERNAL_SERVER_ERROR, _FAULT)


def _sentence(error: KeyfobError) -> str:
    said = str(error)
    return f"{said[0].upper()}{said[1:]}."


def _problem(request: Request, status: int, sentence: str) -> Response:
    return page(request, "problem.html", {"title": HTTPStatus(status).phrase, "sentence": sentence}, status)
