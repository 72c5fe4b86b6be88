"""Who is asking: an API key as a bearer token, or as the password of HTTP Basic where a browser only reads; or a session."""

import asyncio
import base64
import binascii
import hashlib
import time
from collections.abc import Awaitable, Callable

import structlog
from fastapi import Request
from starlette.concurrency import run_in_threadpool

from keyfob_verifier.access import Caller
from keyfob_verifier.access_errors import ForeignOriginError, TooManyRequestsError
from keyfob_verifier.addresses import counted_as
from keyfob_verifier.api.last_use import LastUse
from keyfob_verifier.api.limits import Buckets
from keyfob_verifier.errors import UnauthorizedError
from keyfob_verifier.service.api_keys import KnownApiKey, authenticate
from keyfob_verifier.service.context import Context
from keyfob_verifier.service.sessions import COOKIE

CACHE_S = 5.0
CACHE_KEYS = 1024
FAILURES_PER_S = 0.5
FAILURES_AT_ONCE = 20.0

SessionLookup = Callable[[str], Awaitable[Caller]]
"""Whose session a cookie's secret opens; raises a `VerifierError` of status 401 where it opens none."""

_READING = frozenset({"GET", "HEAD", "OPTIONS"})

log = structlog.get_logger()


class Authenticator:
    """Looks API keys up, and remembers a valid one for a few seconds, by its hash.

    An address that presents wrong keys again and again has to wait before it may present another one; keys that were
    good a moment ago are looked up without waiting. This machine's own addresses never wait.

    Args:
        context: the installation.
        monotonic: seconds that never go back.

    Attributes:
        sessions: what finds sessions; None where there are none.
        last_use: what keeps when keys were used.
    """

    def __init__(self, context: Context, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.sessions: SessionLookup | None = None
        self.last_use = LastUse(context)
        self._context = context
        self._monotonic = monotonic
        self._known: dict[bytes, tuple[KnownApiKey, float]] = {}
        self._asked: dict[bytes, asyncio.Task[KnownApiKey]] = {}
        self._failures = Buckets(FAILURES_PER_S, FAILURES_AT_ONCE)

    async def __call__(self, request: Request) -> Caller:
        """Who a request is from.

        Raises:
            UnauthorizedError: it carries no API key and no session that is valid.
            ForeignOriginError: it carries a session, would change something, and comes from another site's page.
            TooManyRequestsError: its address has presented too many wrong keys.
            StorageUnavailableError: the database does not answer.
        """
        header = request.headers.get("authorization")
        if header is not None:
            return await self._by_key(presented_key(header, request.method), request)
        secret = request.cookies.get(COOKIE) if self.sessions is not None else None
        if secret is None or self.sessions is None:
            raise UnauthorizedError
        require_same_origin(request)
        return await self.sessions(secret)

    async def _by_key(self, presented: str, request: Request) -> Caller:
        address = request.client.host if request.client else ""
        digest = hashlib.sha256(presented.encode()).digest()
        cached = self._known.get(digest)
        if cached is not None and self._monotonic() < cached[1]:
            known = cached[0]
        else:
            known = await self._find(presented, digest, address, trusted=cached is not None)
        if not known.is_good(self._context.clock.now(), address):
            log.warning("API key used too late or from elsewhere", key=known.record.id, address=address)
            self._count_failure(address)
            raise UnauthorizedError
        return known.caller

    async def _find(self, presented: str, digest: bytes, address: str, *, trusted: bool) -> KnownApiKey:
        """What the database has of a key; however many requests bring it at once, it is asked once."""
        caller = None if trusted else counted_as(address)
        wait_s = 0.0 if caller is None else self._failures.wait_s(caller, self._monotonic())
        if wait_s > 0.0:
            raise TooManyRequestsError(wait_s)
        asked = self._asked.get(digest)
        if asked is None:
            asked = asyncio.create_task(self._ask(presented, digest))
            self._asked[digest] = asked
            asked.add_done_callback(lambda task: self._settle(digest, task))
        try:
            return await asyncio.shield(asked)
        except UnauthorizedError:
            self._count_failure(address)
            raise

    async def _ask(self, presented: str, digest: bytes) -> KnownApiKey:
        asked_at = self._monotonic()
        known = await run_in_threadpool(self._look_up, presented)
        if len(self._known) >= CACHE_KEYS:
            self._known.clear()
        self._known[digest] = known, asked_at + CACHE_S
        self.last_use.note(known.record)
        return known

    def _settle(self, digest: bytes, task: asyncio.Task[KnownApiKey]) -> None:
        self._asked.pop(digest, None)
        if not task.cancelled() and task.exception() is not None:
            self._known.pop(digest, None)

    def _count_failure(self, address: str) -> None:
        caller = counted_as(address)
        if caller is not None:
            self._failures.take(caller, self._monotonic())

    def _look_up(self, presented: str) -> KnownApiKey:
        with self._context.store.read() as transaction:
            return authenticate(transaction, presented)


def presented_key(header: str, method: str) -> str:
    """The API key in an Authorization header.

    Basic counts for reading only: a browser sends it by itself, also for a page of somebody else's.

    Raises:
        UnauthorizedError: there is none.
    """
    scheme, _, credentials = header.partition(" ")
    if scheme.lower() == "bearer":
        return credentials.strip()
    if scheme.lower() == "basic" and method in _READING:
        try:
            _, _, password = base64.b64decode(credentials, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            raise UnauthorizedError from None
        return password
    raise UnauthorizedError


def require_same_origin(request: Request) -> None:
    """Lets what only reads pass, and what would change something only where a page of this very server sends it.

    Browsers say that themselves, in Sec-Fetch-Site, and older ones in Origin; who says neither is refused.

    Raises:
        ForeignOriginError: it comes from elsewhere, or does not say.
    """
    if request.method in _READING:
        return
    site = request.headers.get("sec-fetch-site")
    own = f"{request.url.scheme}://{request.headers.get('host', '')}"
    if site != "same-origin" if site is not None else request.headers.get("origin") != own:
        raise ForeignOriginError
