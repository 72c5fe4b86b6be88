"""What a token's page can do with it."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from keyfob_verifier.access import Permission
from keyfob_verifier.attempts import Challenge
from keyfob_verifier.console.pages import go_to
from keyfob_verifier.console.tokens import SerialInPath, token_page
from keyfob_verifier.console.visits import OwnForm, Visit, permitted
from keyfob_verifier.console.words import REASONS, REFUSED
from keyfob_verifier.service import lifecycle
from keyfob_verifier.service.outcome import Answer, Outcome

router = APIRouter(prefix="/tokens/{serial}")


@router.post("/activate")
def activate(
    request: Request,
    visit: Annotated[Visit, Depends(permitted(Permission.TOKENS_ENROL))],
    serial: SerialInPath,
    form: OwnForm,
) -> Response:
    """Activates a pending token with its first code."""
    outcome = lifecycle.activate(
        visit.context,
        visit.tenant_id,
        visit.actor,
        serial,
        form.get("code", ""),
        challenge=_challenge(form.get("question")),
    )
    return _after(request, visit, serial, outcome, "activated")


@router.post("/resync")
def resync(
    request: Request,
    visit: Annotated[Visit, Depends(permitted(Permission.TOKENS_RESYNC))],
    serial: SerialInPath,
    form: OwnForm,
) -> Response:
    """Finds an active token's clock or counter again with two consecutive codes."""
    codes = (form.get("first_code", ""), form.get("second_code", ""))
    challenge = _challenge(form.get("question"))
    outcome = lifecycle.resync(
        visit.context, visit.tenant_id, visit.actor, serial, codes, challenge=challenge
    )
    return _after(request, visit, serial, outcome, "resynced")


@router.post("/revoke")
def revoke(
    request: Request,
    visit: Annotated[Visit, Depends(permitted(Permission.TOKENS_REVOKE))],
    serial: SerialInPath,
    _form: OwnForm,
) -> Response:
    """Revokes a token for good."""
    lifecycle.revoke(visit.context, visit.tenant_id, visit.actor, serial)
    if not visit.may(Permission.TOKENS_READ):
        return go_to(request, "/", "revoked")
    return go_to(request, f"/tokens/{serial}", "revoked")


def said_of(visit: Visit, outcome: Outcome) -> str:
    """What is told of codes that were refused; the reason only to those who may know it."""
    if not visit.may(Permission.DIAGNOSE):
        return REFUSED
    return f"{REFUSED} The reason: {REASONS.get(outcome.reason.value, outcome.reason.value)}."


def _challenge(question: str | None) -> Challenge | None:
    return None if question is None else Challenge(question)


def _after(request: Request, visit: Visit, serial: str, outcome: Outcome, notice: str) -> Response:
    if outcome.answer is Answer.ACCEPTED:
        return go_to(request, f"/tokens/{serial}", notice)
    return token_page(request, visit, serial, said_of(visit, outcome), HTTPStatus.UNPROCESSABLE_ENTITY)
