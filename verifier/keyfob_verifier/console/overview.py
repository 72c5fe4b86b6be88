"""The first page: how the tokens are, and what needs somebody."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from keyfob_verifier.access import Permission
from keyfob_verifier.console.pages import page
from keyfob_verifier.console.visits import Visitor
from keyfob_verifier.records import SupportState
from keyfob_verifier.service import support
from keyfob_verifier.service.survey import newest_refusals, survey

SHOWN = 10

router = APIRouter()


@router.get("/")
def show(request: Request, visit: Visitor) -> Response:
    """Each part for those who may see it."""
    context, tenant_id = visit.context, visit.tenant_id
    may_diagnose = visit.may(Permission.DIAGNOSE) or visit.may(Permission.AUDIT_READ)
    shown: dict[str, object] = {
        "survey": None,
        "may_diagnose": may_diagnose,
        "open_records": None,
        "refusals": None,
    }
    if visit.may(Permission.TOKENS_READ):
        shown["survey"] = survey(context, tenant_id, SHOWN)
    if visit.may(Permission.SUPPORT_READ):
        shown["open_records"] = support.page(context, tenant_id, state=SupportState.OPEN, limit=SHOWN)
    if visit.may(Permission.AUDIT_READ):
        shown["refusals"] = newest_refusals(context, tenant_id, SHOWN)
    return page(request, "overview.html", visit.shown() | shown)
