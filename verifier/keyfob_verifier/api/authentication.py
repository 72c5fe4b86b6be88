"""Who is asking: an API key as a bearer token, or as the password of HTTP Basic where a browser only reads."""

import base64
import binascii
import hashlib
import time
from collections.abc import Callable

from fastapi import Request
from starlette.concurrency import run_in_threadpool

from keyfob_verifier.errors import UnauthorizedError
from keyfob_verifier.records import ApiKeyRecord
from keyfob_verifier.service.api_keys import authenticate
from keyfob_verifier.store.database import Store

CACHE_S = 5.0
CACHE_KEYS = 1024


class Authenticator:
    """Looks API keys up, and remembers a valid one for a few seconds, by its hash.

    Args:
        store: where they are kept.
        monotonic: seconds that never go back.
    """

    def __init__(self, store: Store, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._monotonic = monotonic
        self._known: dict[bytes, tuple[ApiKeyRecord, float]] = {}

    async def __call__(self, request: Request) -> ApiKeyRecord:
        """The record of the key that a request carries.

        Raises:
            UnauthorizedError: it carries none that is valid.
            StorageUnavailableError: the database does not answer.
        """
        presented = presented_key(request.headers.get("authorization", ""), request.method)
        digest = hashlib.sha256(presented.encode()).digest()
        known = self._known.get(digest)
        if known is not None and self._monotonic() < known[1]:
            return known[0]
        record = await run_in_threadpool(self._look_up, presented)
        if len(self._known) >= CACHE_KEYS:
            self._known.clear()
        self._known[digest] = (record, self._monotonic() + CACHE_S)
        return record

    def _look_up(self, presented: str) -> ApiKeyRecord:
        with self._store.read() as transaction:
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
    if scheme.lower() == "basic" and method in {"GET", "HEAD"}:
        try:
            _, _, password = base64.b64decode(credentials, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            raise UnauthorizedError from None
        return password
    raise UnauthorizedError
