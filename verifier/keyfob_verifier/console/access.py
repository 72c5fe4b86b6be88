"""Pages of who may do what: API keys and people. They are changed by commands."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from keyfob_verifier.access import Permission
from keyfob_verifier.console.pages import page
from keyfob_verifier.console.visits import Visit, permitted
from keyfob_verifier.service import api_keys, people

PAGE = 100

router = APIRouter()

Reader = Annotated[Visit, Depends(permitted(Permission.ACCESS_READ))]


@router.get("/api-keys")
def list_api_keys(
    request: Request, visit: Reader, after: Annotated[str, Query(pattern=r"^[0-9a-f]{0,12}$")] = ""
) -> Response:
    """The API keys of the tenant; a key itself is kept nowhere."""
    at, found = visit.context.clock.now(), api_keys.page(visit.context, visit.tenant_id, after, PAGE + 1)
    shown = {
        "keys": [(key, api_keys.is_in_force(key, at)) for key in found[:PAGE]],
        "next": found[PAGE - 1].id if len(found) > PAGE else None,
    }
    return page(request, "api_keys.html", visit.shown() | shown)


@router.get("/people")
def list_people(request: Request, visit: Reader) -> Response:
    """The people of the tenant."""
    everybody = people.everybody(visit.context, visit.tenant_id)
    return page(request, "people.html", visit.shown() | {"people": everybody})
