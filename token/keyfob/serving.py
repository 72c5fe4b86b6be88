"""Serving over HTTP from one socket: what the verifier and the fobs' bench share. It needs the extra `server`."""

import socket
from collections.abc import Callable

import uvicorn

from keyfob.errors import AddressInUseError


def listen(host: str, port: int, backlog: int) -> socket.socket:
    """A socket that listens; port 0 takes a free one.

    Raises:
        AddressInUseError: the address is taken, or is not this machine's.
    """
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family, backlog=backlog)
    except (OSError, UnicodeError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise AddressInUseError(host, port, reason) from None


def run(config: uvicorn.Config, listener: socket.socket, announce: Callable[[str], None]) -> None:
    """Serves until it is told to stop; `announce` is called with the URL once requests are answered."""
    host, port = listener.getsockname()[:2]
    scheme = "https" if config.is_ssl else "http"
    url = f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"
    _Announcing(config, lambda: announce(url)).run(sockets=[listener])


class _Announcing(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, started: Callable[[], None]) -> None:
        super().__init__(config)
        self._announce = started

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._announce()
