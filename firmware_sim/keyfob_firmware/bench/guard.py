"""Who may speak to the bench: holders of its API key, and on loopback no page of another site."""

import hashlib
import hmac
import ipaddress
import re
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from keyfob_firmware.bench.errors import (
    BenchFileInaccessibleError,
    ForeignPageError,
    InvalidApiKeyError,
    UnauthorizedError,
)
from keyfob_firmware.bench.problems import refusal

MIN_API_KEY_CHARACTERS = 20
_MAX_API_KEY_BYTES = 1024

_PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_DESCRIPTION_POLICY = (
    "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""Swagger UI starts with a script within its page."""

_BEARER = HTTPBearer(
    auto_error=False, description="Not asked for on a loopback address, unless a key file was named."
)


@dataclass(frozen=True, slots=True)
class Access:
    """The rule that a bench lets requests in by.

    Attributes:
        api_key_hash: SHA-256, in hexadecimal, of the key that a request must carry; None where none is needed.
        loopback: whether the bench is to be reached on loopback only, and so under loopback's names only.
    """

    api_key_hash: str | None
    loopback: bool


def new_api_key() -> str:
    """A random API key."""
    return f"kfb_{secrets.token_urlsafe(32)}"


def hash_api_key(api_key: str) -> str:
    """What is kept of it: it is random, so that a plain hash tells nothing of it."""
    return hashlib.sha256(api_key.encode()).hexdigest()


def read_api_key(path: Path) -> str:
    """The API key that somebody wrote into a file.

    Raises:
        InvalidApiKeyError: it is shorter than 20 characters, or has blanks in it.
        BenchFileInaccessibleError: the system refuses.
    """
    try:
        with path.open("rb") as file:
            content = file.read(_MAX_API_KEY_BYTES + 1)
    except OSError as error:
        raise BenchFileInaccessibleError(path, error.strerror or str(error)) from None
    if len(content) > _MAX_API_KEY_BYTES:
        raise InvalidApiKeyError(path, f"it has more than {_MAX_API_KEY_BYTES} bytes")
    found = content.decode("latin-1").strip()
    if not re.fullmatch(rf"[!-~]{{{MIN_API_KEY_CHARACTERS},}}", found):
        raise InvalidApiKeyError(
            path, f"write one of {MIN_API_KEY_CHARACTERS} or more printable ASCII characters"
        )
    return found


def is_loopback(host: str) -> bool:
    """Whether a host is this machine's loopback: an address, or the name localhost."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def require_api_key(
    request: Request, carried: Annotated[HTTPAuthorizationCredentials | None, Security(_BEARER)]
) -> None:
    """Lets through a request that carries the bench's API key, or any where none is needed.

    Raises:
        UnauthorizedError: it carries none, or another.
    """
    wanted: str | None = request.app.state.access.api_key_hash
    if wanted is None:
        return
    found = hash_api_key(carried.credentials) if carried else ""
    if not hmac.compare_digest(found, wanted):
        raise UnauthorizedError


class Guard:
    """Keeps other sites' pages from a bench on loopback, and tells browsers what answers may do.

    A page elsewhere may have a name of its own point to loopback (DNS rebinding), which the Host header gives away,
    or may send forms here, which the Origin header does.

    Args:
        app: the application.
        access: whether it is on loopback.
    """

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self._app, self._access = app, access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers as the application does, or with problem 403."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                _mark(MutableHeaders(scope=message), scope["path"])
            await send(message)

        foreign = _foreign_header(Headers(scope=scope)) if self._access.loopback else None
        answer = self._app if foreign is None else refusal(ForeignPageError(foreign))
        await answer(scope, receive, send_marked)


def _mark(headers: MutableHeaders, path: str) -> None:
    headers["Cache-Control"] = "no-store"
    headers["X-Content-Type-Options"] = "nosniff"
    headers["Referrer-Policy"] = "no-referrer"
    headers["Content-Security-Policy"] = _DESCRIPTION_POLICY if path == "/docs" else _PAGE_POLICY


def _foreign_header(headers: Headers) -> str | None:
    host = headers.get("host", "")
    if not is_loopback(_host_name(host)):
        return "Host"
    return "Origin" if headers.get("origin", f"http://{host}") != f"http://{host}" else None


def _host_name(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""
