"""The page of a person's own token: how it is, and resynchronizing it, which needs no permission and is no login."""

from http import HTTPStatus

from fastapi import APIRouter, Request
from starlette.responses import Response

from keyfob_verifier.api.sessions import source_of
from keyfob_verifier.console.pages import go_to, page
from keyfob_verifier.console.token_actions import said_of
from keyfob_verifier.console.visits import OwnForm, Visit, Visitor
from keyfob_verifier.service import inspection, lifecycle
from keyfob_verifier.service.outcome import Answer

router = APIRouter(prefix="/my-token")


@router.get("")
def show(request: Request, visit: Visitor) -> Response:
    """The token with which this person signed in."""
    return _page(request, visit)


@router.post("/resync")
def resync(request: Request, visit: Visitor, form: OwnForm) -> Response:
    """Finds its clock again with two consecutive codes, which count as used."""
    codes = (form.get("first_code", ""), form.get("second_code", ""))
    serial, source = visit.by.person.serial, source_of(request)
    outcome = lifecycle.resync(visit.context, visit.tenant_id, visit.actor, serial, codes, source=source)
    if outcome.answer is Answer.ACCEPTED:
        return go_to(request, "/my-token", "resynced")
    return _page(request, visit, said_of(visit, outcome), HTTPStatus.UNPROCESSABLE_ENTITY)


def _page(request: Request, visit: Visit, trouble: str = "", status: int = HTTPStatus.OK) -> Response:
    token = inspection.show(visit.context, visit.tenant_id, visit.by.person.serial)
    return page(request, "own_token.html", visit.shown() | {"token": token, "trouble": trouble}, status)
