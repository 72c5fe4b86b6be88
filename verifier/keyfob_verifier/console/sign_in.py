"""The pages by which people come and go."""

from http import HTTPStatus

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from keyfob_verifier.api.sessions import forget_cookie, secret_of, set_cookie, source_of
from keyfob_verifier.api.sign_in_desk import SignInDesk
from keyfob_verifier.console.pages import go_to, page
from keyfob_verifier.console.visits import Form, OwnForm, Visitor
from keyfob_verifier.people_errors import SignInBusyError, SignInRefusedError
from keyfob_verifier.service import sessions
from keyfob_verifier.service.installation import DEFAULT_TENANT
from keyfob_verifier.service.sign_in import SignIn

REFUSED = (
    "Name, password or code is not right, or it is too early to try again. "
    "Wait for the next code, then try once more."
)
BUSY = "Too many people are signing in at this moment. Try again in a few seconds."

router = APIRouter()


@router.get("/sign-in")
def show(request: Request) -> Response:
    """The form to sign in with."""
    return _form(request)


@router.post("/sign-in")
async def sign_in(request: Request, typed: Form) -> Response:
    """Signs a person in, or shows the form again with the one sentence for whatever was wrong."""
    desk: SignInDesk = request.app.state.desk
    wanted = SignIn(
        tenant_id=typed.get("tenant_id", ""),
        name=typed.get("name", ""),
        password=typed.get("password", ""),
        code=typed.get("code", ""),
        source=source_of(request),
    )
    try:
        opened = await desk.sign_in(wanted)
    except SignInRefusedError as error:
        return _form(request, wanted, REFUSED, error.status)
    except SignInBusyError as error:
        return _form(request, wanted, BUSY, error.status)
    await run_in_threadpool(sessions.end, request.app.state.context, secret_of(request))
    response = go_to(request, "/")
    set_cookie(request, response, opened.secret)
    return response


@router.post("/sign-out")
def sign_out(request: Request, visit: Visitor, _form: OwnForm) -> Response:
    """Ends the session."""
    sessions.end(visit.context, secret_of(request))
    response = go_to(request, "/sign-in", "signed-out")
    forget_cookie(request, response)
    return response


_NOTHING = SignIn(DEFAULT_TENANT, "", "", "", "")


def _form(
    request: Request, typed: SignIn = _NOTHING, trouble: str = "", status: int = HTTPStatus.OK
) -> Response:
    shown = {"tenant_id": typed.tenant_id, "name": typed.name, "trouble": trouble}
    return page(request, "sign_in.html", shown, status)
