"""Routes of a token's life: enrol, activate, read, resynchronize, revoke."""

import base64
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path, Query

from keyfob import Parameters, Seed
from keyfob.ocra import OcraSuite
from keyfob.qr import draw_png, draw_svg
from keyfob_verifier.access import Caller, Permission
from keyfob_verifier.api.answers import answer
from keyfob_verifier.api.dependencies import OpenContext, Requires
from keyfob_verifier.api.models import (
    AnswerResponse,
    CodeRequest,
    EnrolRequest,
    EnrolResponse,
    QrResponse,
    QuestionResponse,
    ResyncRequest,
    Serial,
    TokenResponse,
)
from keyfob_verifier.api.problems import RESPONSES
from keyfob_verifier.service import enrolment, inspection, lifecycle, questions

router = APIRouter(prefix="/v1/tokens", tags=["tokens"], responses=RESPONSES)

SerialInPath = Annotated[Serial, Path()]
Enroller = Annotated[Caller, Depends(Requires(Permission.TOKENS_ENROL))]
Reader = Annotated[Caller, Depends(Requires(Permission.TOKENS_READ))]
Resyncer = Annotated[Caller, Depends(Requires(Permission.TOKENS_RESYNC))]
Validator = Annotated[Caller, Depends(Requires(Permission.VALIDATE))]
Revoker = Annotated[Caller, Depends(Requires(Permission.TOKENS_REVOKE))]


@router.post("", status_code=201)
def enrol(request: EnrolRequest, caller: Enroller, context: OpenContext) -> EnrolResponse:
    """Enrols a token and tells its seed and its provisioning URI, as text and as a QR code, this once."""
    application = enrolment.Application(
        account=request.account,
        issuer=request.issuer,
        serial=request.serial,
        parameters=Parameters(request.algorithm, request.digits, request.time_step_s),
        kind=request.kind,
        counter=request.counter,
        suite=None if request.suite is None else OcraSuite.parse(request.suite),
        pin=request.pin,
        seed=None if request.seed is None else Seed.from_base32(request.seed),
        grade_ppm=request.grade_ppm,
        clock_offset_s=request.clock_offset_s,
    )
    enrolled = enrolment.enrol(context, caller.tenant_id, caller.actor, application)
    return EnrolResponse(
        token=_response(inspection.view(context, enrolled.token)),
        seed=enrolled.seed,
        uri=enrolled.uri,
        qr=None if enrolled.uri is None else _DRAWINGS[request.qr](enrolled.uri),
    )


@router.get("")
def list_tokens(
    caller: Reader,
    context: OpenContext,
    after: Annotated[
        str, Query(pattern=r"^[A-Za-z0-9._-]{0,64}$", description="The last serial of the page before.")
    ] = "",
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> list[TokenResponse]:
    """Tokens in the order of their serials, a page at a time."""
    return [_response(token) for token in inspection.page(context, caller.tenant_id, after, limit)]


@router.get("/{serial}")
def show(serial: SerialInPath, caller: Reader, context: OpenContext) -> TokenResponse:
    """A token's state, with its drift in seconds and ppm and how sure the verifier is of it."""
    return _response(inspection.show(context, caller.tenant_id, serial))


@router.post("/{serial}/activate")
def activate(
    serial: SerialInPath, request: CodeRequest, caller: Enroller, context: OpenContext
) -> AnswerResponse:
    """Activates a pending token with its first code. The code counts as used."""
    outcome = lifecycle.activate(
        context, caller.tenant_id, caller.actor, serial, request.code, challenge=request.challenge
    )
    return answer(outcome, caller)


@router.post("/{serial}/questions", status_code=201)
def ask(serial: SerialInPath, caller: Validator, context: OpenContext) -> QuestionResponse:
    """Asks an ocra token a new question. Where there is no such token, only those who may diagnose are told."""
    asked = questions.ask(context, caller.tenant_id, caller.actor, serial)
    if asked.fault is not None and caller.may(Permission.DIAGNOSE):
        raise asked.fault
    return QuestionResponse(question=asked.question, open_s=asked.open_s)


@router.post("/{serial}/resync")
def resync(
    serial: SerialInPath, request: ResyncRequest, caller: Resyncer, context: OpenContext
) -> AnswerResponse:
    """Finds a token's clock or counter again with two consecutive codes. They count as used; it is no login."""
    codes = (request.first_code, request.second_code)
    outcome = lifecycle.resync(
        context, caller.tenant_id, caller.actor, serial, codes, challenge=request.challenge
    )
    return answer(outcome, caller)


@router.post("/{serial}/revoke")
def revoke(serial: SerialInPath, caller: Revoker, context: OpenContext) -> TokenResponse:
    """Revokes a token for good."""
    revoked = lifecycle.revoke(context, caller.tenant_id, caller.actor, serial)
    return _response(inspection.view(context, revoked))


def _response(token: inspection.TokenView) -> TokenResponse:
    return TokenResponse.model_validate(token, from_attributes=True)


def _png(uri: str) -> QrResponse:
    return _data_uri("image/png", draw_png(uri))


def _svg(uri: str) -> QrResponse:
    return _data_uri("image/svg+xml", draw_svg(uri).encode())


def _data_uri(media_type: Literal["image/png", "image/svg+xml"], image: bytes) -> QrResponse:
    encoded = base64.b64encode(image).decode()
    return QrResponse(media_type=media_type, data_uri=f"data:{media_type};base64,{encoded}")


_DRAWINGS = {"png": _png, "svg": _svg}
