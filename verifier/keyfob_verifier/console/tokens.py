"""Pages of tokens: a list to search in, and one token."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request
from starlette.responses import Response

from keyfob_verifier.access import Permission
from keyfob_verifier.api.models import Serial
from keyfob_verifier.console.pages import page
from keyfob_verifier.console.visits import Visit, permitted
from keyfob_verifier.service import inspection, support
from keyfob_verifier.service.survey import newest_entries
from keyfob_verifier.service.survey import search as search_tokens

PAGE = 50
ENTRIES = 20
SUPPORT_RECORDS = 100

router = APIRouter(prefix="/tokens")

Reader = Annotated[Visit, Depends(permitted(Permission.TOKENS_READ))]
SerialInPath = Annotated[Serial, Path()]


@router.get("")
def list_tokens(
    request: Request,
    visit: Reader,
    after: Annotated[str, Query(max_length=64)] = "",
    search: Annotated[str, Query(max_length=255)] = "",
) -> Response:
    """A page of tokens by serial, those whose serial or account begins with what is searched."""
    prefix = search.strip()
    found = search_tokens(visit.context, visit.tenant_id, prefix, after, PAGE + 1)
    shown = {
        "tokens": found[:PAGE],
        "next": found[PAGE - 1].serial if len(found) > PAGE else None,
        "after": after,
        "search": prefix,
    }
    return page(request, "tokens.html", visit.shown() | shown)


@router.get("/{serial}")
def show(request: Request, visit: Reader, serial: SerialInPath) -> Response:
    """One token, and what may be done with it."""
    return token_page(request, visit, serial)


@router.get("/{serial}/revoke")
def ask_whether_to_revoke(
    request: Request,
    visit: Annotated[Visit, Depends(permitted(Permission.TOKENS_REVOKE))],
    serial: SerialInPath,
) -> Response:
    """The question before a token is revoked."""
    token = inspection.show(visit.context, visit.tenant_id, serial)
    return page(request, "revoke.html", visit.shown() | {"token": token})


def token_page(
    request: Request, visit: Visit, serial: str, trouble: str = "", status: int = HTTPStatus.OK
) -> Response:
    """A token's page, with what went wrong with a form on it."""
    context, tenant_id = visit.context, visit.tenant_id
    shown: dict[str, object] = {
        "token": inspection.show(context, tenant_id, serial),
        "trouble": trouble,
        "entries": None,
        "records": None,
    }
    if visit.may(Permission.AUDIT_READ):
        shown["entries"] = newest_entries(context, tenant_id, serial, ENTRIES)
    if visit.may(Permission.SUPPORT_READ):
        shown["records"] = support.page(context, tenant_id, serial=serial, limit=SUPPORT_RECORDS)
    return page(request, "token.html", visit.shown() | shown, status)
