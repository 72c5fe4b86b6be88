"""Serving the bench: one process, one socket."""

import logging
import socket
import sys
from collections.abc import Callable

import uvicorn
from fastapi import FastAPI

from keyfob_firmware.bench.errors import BenchAddressError

STOP_S = 5
"""How long requests in progress may take once the bench is told to stop."""


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens; port 0 takes a free one.

    Raises:
        BenchAddressError: the address is taken, or is not this machine's.
    """
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family, backlog=256)
    except (OSError, UnicodeError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise BenchAddressError(host, port, reason) from None


def serve(app: FastAPI, listener: socket.socket, announce: Callable[[str], None]) -> None:
    """Serves until it is told to stop; `announce` is called with the URL once requests are answered."""
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING)
    host, port = listener.getsockname()[:2]
    url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
    config = uvicorn.Config(
        app, log_config=None, access_log=False, server_header=False, timeout_graceful_shutdown=STOP_S
    )
    _Announcing(config, lambda: announce(url)).run(sockets=[listener])


class _Announcing(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, started: Callable[[], None]) -> None:
        super().__init__(config)
        self._announce = started

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._announce()
