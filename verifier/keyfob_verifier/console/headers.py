"""What every page tells the browser of itself."""

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from keyfob_verifier.api.edge import PAGE_POLICY

HEADERS = {"Content-Security-Policy": PAGE_POLICY.decode(), "Referrer-Policy": "same-origin"}
"""Nothing but the console's own files, no script or style in a page, and no page in a frame.

The referrer policy keeps addresses from other sites, and lets a form say that it comes from this one.
"""


class PageHeaders:
    """Adds `HEADERS` to every answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers as the application does, with those headers."""

        async def send_marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        await self._app(scope, receive, send_marked)
