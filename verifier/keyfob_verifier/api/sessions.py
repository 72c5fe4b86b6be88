"""Routes of a person's session: sign in, look who is signed in, sign out."""

from typing import Annotated, Literal, TypedDict

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool

from keyfob_verifier.access import Caller, Permission
from keyfob_verifier.api.authentication import SessionLookup, require_same_origin
from keyfob_verifier.api.dependencies import OpenContext
from keyfob_verifier.api.problems import RESPONSES
from keyfob_verifier.api.sign_in_desk import SignInDesk
from keyfob_verifier.service import sessions
from keyfob_verifier.service.context import Context
from keyfob_verifier.service.installation import DEFAULT_TENANT
from keyfob_verifier.service.sessions import COOKIE, SignedIn
from keyfob_verifier.service.sign_in import SignIn

MAX_TYPED_CHARACTERS = 2048

router = APIRouter(prefix="/v1/session", tags=["session"], responses=RESPONSES)

Typed = Annotated[str, Field(max_length=MAX_TYPED_CHARACTERS)]


class SignInRequest(BaseModel):
    """A person, with what they know and what their fob shows."""

    model_config = ConfigDict(extra="forbid")

    tenant_id: Typed = DEFAULT_TENANT
    name: Typed
    password: Typed = Field(repr=False)
    code: Typed = Field(repr=False)


class SessionResponse(BaseModel):
    """Who is signed in, and what they may do; the session itself is in a cookie."""

    tenant_id: str
    name: str
    role: str
    permissions: list[Permission]
    serial: str
    expires_at: float = Field(description="When it ends however much it is used, Unix time.")


def _desk(request: Request) -> SignInDesk:
    desk: SignInDesk = request.app.state.desk
    return desk


Desk = Annotated[SignInDesk, Depends(_desk)]


@router.post("", status_code=201)
async def sign_in(
    typed: SignInRequest, request: Request, response: Response, desk: Desk, context: OpenContext
) -> SessionResponse:
    """Signs a person in. Every refusal is the same, whatever was wrong; why is in the record."""
    opened = await desk.sign_in(SignIn(source=source_of(request), **typed.model_dump()))
    await run_in_threadpool(sessions.end, context, secret_of(request))
    set_cookie(request, response, opened.secret)
    return _response(await run_in_threadpool(sessions.resume, context, opened.secret))


@router.get("")
def show(request: Request, context: OpenContext) -> SessionResponse:
    """Who is signed in."""
    return _response(sessions.resume(context, secret_of(request)))


@router.delete("", status_code=204)
def sign_out(request: Request, response: Response, context: OpenContext) -> None:
    """Ends the session; where there is none, nothing happens. Only a page of this server's own may ask for it."""
    require_same_origin(request)
    sessions.end(context, secret_of(request))
    forget_cookie(request, response)


def session_lookup(context: Context) -> SessionLookup:
    """What finds whose session a cookie opens."""

    async def look_up(secret: str) -> Caller:
        return (await run_in_threadpool(sessions.resume, context, secret)).caller

    return look_up


def secret_of(request: Request) -> str:
    """What a browser holds of its session; empty where it has none."""
    return request.cookies.get(COOKIE, "")


def source_of(request: Request) -> str:
    """Where a request came from, for the limits on guessing."""
    return "" if request.client is None else request.client.host


def set_cookie(request: Request, response: Response, secret: str) -> None:
    """Hands a session to the browser, which tells it to no script and to no other site's pages."""
    response.set_cookie(COOKIE, secret, **_cookie(request))


def forget_cookie(request: Request, response: Response) -> None:
    """Makes the browser forget its session."""
    response.delete_cookie(COOKIE, **_cookie(request))


class _Cookie(TypedDict):
    path: str
    secure: bool
    httponly: bool
    samesite: Literal["strict"]


def _cookie(request: Request) -> _Cookie:
    secure = request.url.scheme == "https"
    return _Cookie(path="/", secure=secure, httponly=True, samesite="strict")


def _response(signed_in: SignedIn) -> SessionResponse:
    person, caller = signed_in.person, signed_in.caller
    return SessionResponse(
        tenant_id=person.tenant_id,
        name=person.name,
        role=caller.role,
        permissions=sorted(caller.permissions),
        serial=person.serial,
        expires_at=signed_in.session.expires_at,
    )
