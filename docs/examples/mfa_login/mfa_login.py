"""A login with a password and a second factor. To look at it: `uvicorn --factory mfa_login:create_app`.

It keeps its accounts in memory; one that is meant to last seals its seeds and keeps them in a database.
"""

import hashlib
import hmac
import secrets
from dataclasses import dataclass, field
from html import escape
from typing import Annotated
from urllib.parse import parse_qs

from fastapi import Cookie, Depends, FastAPI, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from second_factor import SecondFactor

SESSION = "session"


@dataclass
class Account:
    """Somebody who registered.

    Attributes:
        name: what they log in with.
        salt: goes into the password's hash.
        password_hash: scrypt's.
        second_factor: enrolled once its first code was typed.
        enrolled: whether that has happened.
    """

    name: str
    salt: bytes
    password_hash: bytes
    second_factor: SecondFactor = field(default_factory=SecondFactor)
    enrolled: bool = False


@dataclass
class Session:
    """A browser that showed a right password.

    Attributes:
        account: whose.
        complete: whether it showed a right code, too.
    """

    account: Account
    complete: bool = False


async def form(request: Request) -> dict[str, str]:
    """The fields of a posted form."""
    body = (await request.body()).decode()
    return {name: values[0] for name, values in parse_qs(body).items()}


Form = Annotated[dict[str, str], Depends(form)]
SessionId = Annotated[str, Cookie(alias=SESSION)]


def create_app() -> FastAPI:
    """The application, with no accounts yet."""
    app = FastAPI()
    accounts: dict[str, Account] = {}
    sessions: dict[str, Session] = {}

    def begin_session(account: Account, then: str) -> RedirectResponse:
        session_id = secrets.token_urlsafe()
        sessions[session_id] = Session(account)
        answer = _go(then)
        answer.set_cookie(SESSION, session_id, httponly=True, samesite="strict")
        return answer

    @app.get("/register")
    def registration() -> HTMLResponse:
        return _page("Register", _password_form("Register"))

    @app.post("/register")
    def register(fields: Form) -> RedirectResponse:
        salt = secrets.token_bytes(16)
        account = Account(fields["name"], salt, _hash(fields["password"], salt))
        if accounts.setdefault(account.name, account) is not account:
            return _go("/register")
        return begin_session(account, "/second-factor")

    @app.get("/login")
    def login_page() -> HTMLResponse:
        return _page("Log in", _password_form("Log in"))

    @app.post("/login")
    def login(fields: Form) -> RedirectResponse:
        account = accounts.get(fields["name"])
        if account is None or not hmac.compare_digest(
            _hash(fields["password"], account.salt), account.password_hash
        ):
            return _go("/login")
        return begin_session(account, "/second-factor")

    @app.get("/second-factor")
    def second_factor(session: SessionId = "", refused: bool = False) -> HTMLResponse:
        if session not in sessions:
            return _page("Log in", _password_form("Log in"))
        account = sessions[session].account
        word = "<p role=alert>That code was not accepted. Wait for the next one.</p>" if refused else ""
        picture = (
            "" if account.enrolled else f'<img alt="QR code" src="{account.second_factor.qr(account.name)}">'
        )
        return _page("Your code", picture + word + _CODE_FORM)

    @app.post("/second-factor")
    def check(fields: Form, session: SessionId = "") -> RedirectResponse:
        if session not in sessions:
            return _go("/login")
        found = sessions[session]
        if not found.account.second_factor.accepts(fields.get("code", "")):
            return _go("/second-factor?refused=true")
        found.complete = found.account.enrolled = True
        return _go("/")

    @app.get("/")
    def home(session: SessionId = "") -> HTMLResponse:
        if session not in sessions or not sessions[session].complete:
            return _page("Log in", _password_form("Log in"))
        return _page(f"Hello, {escape(sessions[session].account.name)}", "")

    return app


_CODE_FORM = (
    "<form method=post action=/second-factor><label>Code <input name=code inputmode=numeric></label>"
    "<button>Continue</button></form>"
)


def _password_form(word: str) -> str:
    action = word.lower().replace(" ", "")
    return (
        f"<form method=post action=/{action}><label>Name <input name=name></label>"
        f"<label>Password <input name=password type=password></label><button>{word}</button></form>"
    )


def _page(title: str, body: str) -> HTMLResponse:
    return HTMLResponse(
        f"<!doctype html><html lang=en><meta charset=utf-8><title>{title}</title><h1>{title}</h1>{body}"
    )


def _go(path: str) -> RedirectResponse:
    return RedirectResponse(path, status_code=303)


def _hash(password: str, salt: bytes) -> bytes:
    return hashlib.scrypt(password.encode(), salt=salt, n=2**14, r=8, p=1)
