"""What stands round every route."""

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from keyfob_verifier.api.problems import problem


class NeverStored:
    """Keeps answers, which may hold a seed, out of every cache on their way."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers as the application does, with that header."""

        async def send_marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["Cache-Control"] = "no-store"
            await send(message)

        await self._app(scope, receive, send_marked)


class DeclaredLengthLimit:
    """Refuses a body that is announced as too large before any of it is read.

    Args:
        app: the application.
        max_bytes: the largest body that makes sense.
    """

    def __init__(self, app: ASGIApp, max_bytes: int) -> None:
        self._app = app
        self._max_bytes = max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers as the application does, or with problem 413."""
        declared = Headers(scope=scope).get("content-length", "0") if scope["type"] == "http" else "0"
        if not declared.isdecimal() or int(declared) > self._max_bytes:
            refusal = problem(413, "too-large", f"a request may have {self._max_bytes} bytes")
            await refusal(scope, receive, send)
        else:
            await self._app(scope, receive, send)
