"""What stands round every route: who asks, how often, how much; and what browsers may do with an answer."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from keyfob_verifier.access_errors import TooManyRequestsError
from keyfob_verifier.addresses import Network, counted_as
from keyfob_verifier.api.limits import DEFAULT_REQUESTS_PER_S, Buckets
from keyfob_verifier.api.problems import problem, refusal
from keyfob_verifier.api.proxies import TrustedProxies

MAX_BODY_BYTES = 16 * 1024
MAX_HEADERS = 100
MAX_HEADER_BYTES = 16 * 1024
BURST_S = 2.0
"""An address that was quiet may ask at once what it may ask in this time."""
HSTS_S = 365 * 86_400

PAGE_POLICY = (
    b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    b"base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
"""What a page of the verifier's own may load: from here, and nothing that stands within it."""

_Headers = list[tuple[bytes, bytes]]
_PLAIN: _Headers = [
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
]
_OVER_TLS: _Headers = [*_PLAIN, (b"strict-transport-security", b"max-age=%d" % HSTS_S)]


@dataclass(frozen=True, slots=True)
class EdgeSettings:
    """How the verifier meets its callers.

    Attributes:
        trusted_proxies: where the proxies are whose X-Forwarded-For and X-Forwarded-Proto count.
        requests_per_s: what one address may ask; this machine's own may ask what it likes.
    """

    trusted_proxies: tuple[Network, ...] = ()
    requests_per_s: float = DEFAULT_REQUESTS_PER_S


class Edge:
    """The outermost layer of the application.

    Args:
        app: what is within.
        settings: how callers are met.
        monotonic: seconds that never go back.
    """

    def __init__(
        self, app: ASGIApp, settings: EdgeSettings, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._app = app
        self._proxies = TrustedProxies(settings.trusted_proxies) if settings.trusted_proxies else None
        self._buckets = Buckets(settings.requests_per_s, max(1.0, settings.requests_per_s * BURST_S))
        self._monotonic = monotonic

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers as the application does, or with a problem where a request goes too far."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if self._proxies is not None:
            self._proxies.reveal(scope)
        marks = _OVER_TLS if scope["scheme"] == "https" else _PLAIN
        started = False

        async def send_marked(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                message["headers"] = _marked(message.get("headers", ()), marks)
            await send(message)

        refused = self._refused(scope)
        if refused is not None:
            await refused(scope, receive, send_marked)
            return
        try:
            await self._app(scope, _limited(receive), send_marked)
        except Exception:
            if not started:
                raise
            # it was answered and logged as a fault within, and raised again for whom that does not concern here

    def _refused(self, scope: Scope) -> Response | None:
        client = scope["client"]
        caller = counted_as(client[0]) if client else None
        if caller is not None:
            wait_s = self._buckets.take(caller, self._monotonic())
            if wait_s > 0.0:
                return refusal(TooManyRequestsError(wait_s))
        return _misfit(scope["headers"])


def _misfit(headers: _Headers) -> Response | None:
    size = 0
    for name, value in headers:
        size += len(name) + len(value)
        if name == b"content-length" and (not value.isdigit() or int(value) > MAX_BODY_BYTES):
            return problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too-large", _LARGEST)
    if size > MAX_HEADER_BYTES or len(headers) > MAX_HEADERS:
        detail = f"a request may have {MAX_HEADERS} headers of {MAX_HEADER_BYTES} bytes together"
        return problem(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "headers-too-large", detail)
    return None


_LARGEST = f"a request may have {MAX_BODY_BYTES} bytes"


def _limited(receive: Receive) -> Receive:
    """The same body, which is cut off where it grows too large."""
    received = 0

    async def receive_limited() -> Message:
        nonlocal received
        message = await receive()
        received += len(message.get("body", b""))
        if received > MAX_BODY_BYTES:
            raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, _LARGEST)
        return message

    return receive_limited


def _marked(headers: _Headers, marks: _Headers) -> _Headers:
    """The headers of an answer, and those that it does not have itself."""
    names = {name for name, _ in headers}
    return [*headers, *(mark for mark in marks if mark[0] not in names)]
