"""Serving the bench: one process, one socket."""

import logging
import socket
import sys
from collections.abc import Callable

import uvicorn
from fastapi import FastAPI

from keyfob import serving

STOP_S = 5
"""How long requests in progress may take once the bench is told to stop."""

_BACKLOG = 256


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens; port 0 takes a free one. Raises `AddressInUseError`."""
    return serving.listen(host, port, _BACKLOG)


def serve(app: FastAPI, listener: socket.socket, announce: Callable[[str], None]) -> None:
    """Serves until it is told to stop; `announce` is called with the URL once requests are answered."""
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING)
    config = uvicorn.Config(
        app, log_config=None, access_log=False, server_header=False, timeout_graceful_shutdown=STOP_S
    )
    serving.run(config, listener, announce)
