"""Serving: one process, one socket, its own time or a handed one."""

import gc
import ipaddress
import logging
import socket
import sys
from collections.abc import Callable

import structlog
import uvicorn
from fastapi import FastAPI

from keyfob import serving
from keyfob_verifier.errors import NotLoopbackError

STOP_S = 20
"""How long requests in progress may take once the server is told to stop: longer than a wait for the database."""

_GC_THRESHOLD = 50_000
_BACKLOG = 1024


def require_loopback(host: str) -> None:
    """Lets a test clock pass only where nobody else can reach it.

    Raises:
        NotLoopbackError: the host is no loopback address, or a name other than localhost.
    """
    if host == "localhost":
        return
    try:
        loopback = ipaddress.ip_address(host).is_loopback
    except ValueError:
        loopback = False
    if not loopback:
        raise NotLoopbackError(host)


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens; port 0 takes a free one. Raises `AddressInUseError`."""
    return serving.listen(host, port, _BACKLOG)


def serve(app: FastAPI, listener: socket.socket, announce: Callable[[str], None]) -> None:
    """Serves until it is told to stop; `announce` is called with the URL once requests are answered."""
    _log_json()
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=STOP_S,
    )
    gc.collect()
    gc.freeze()  # what start-up made stays: the collector need not walk it again for every few hundred requests
    gc.set_threshold(_GC_THRESHOLD, 20, 100)
    serving.run(config, listener, announce)


def _log_json() -> None:
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(message)s")
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
    )
