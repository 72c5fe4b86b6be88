"""Serving: one process, one socket, its own time or a handed one."""

import gc
import ipaddress
import logging
import socket
import ssl
import sys
from collections.abc import Callable
from typing import Literal, TextIO, cast

import structlog
import uvicorn
from fastapi import FastAPI

from keyfob import serving
from keyfob_verifier.api.log_stream import Unfailing
from keyfob_verifier.api.protocol import BoundedHeads
from keyfob_verifier.edge_errors import PlaintextRefusedError
from keyfob_verifier.errors import NotLoopbackError

STOP_S = 20
"""How long requests in progress may take once the server is told to stop: longer than a wait for the database."""

LogLevel = Literal["debug", "info", "warning", "error"]

_GC_THRESHOLD = 50_000
_BACKLOG = 1024
_TOO_TALKATIVE = ("sqlalchemy", "alembic")
"""They tell rows and statements at their lower levels."""


def require_loopback(host: str) -> None:
    """Lets a test clock pass only where nobody else can reach it.

    Raises:
        NotLoopbackError: the host is no loopback address, or a name other than localhost.
    """
    if not _is_loopback(host):
        raise NotLoopbackError(host)


def require_secrecy(host: str) -> None:
    """Lets plain HTTP pass only where nobody else can read it.

    Raises:
        PlaintextRefusedError: the host is no loopback address, or a name other than localhost.
    """
    if not _is_loopback(host):
        raise PlaintextRefusedError(host)


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens; port 0 takes a free one. Raises `AddressInUseError`."""
    return serving.listen(host, port, _BACKLOG)


def serve(
    app: FastAPI,
    listener: socket.socket,
    announce: Callable[[str], None],
    *,
    tls: ssl.SSLContext | None = None,
    log_level: LogLevel = "info",
) -> None:
    """Serves until it is told to stop.

    Args:
        app: the application.
        listener: a socket that listens.
        announce: called with the URL once requests are answered.
        tls: what TLS is spoken with; None for plain HTTP.
        log_level: the least that the log tells of.
    """
    _log_json(log_level)
    config = uvicorn.Config(
        app,
        http=BoundedHeads,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,  # whose word counts is for the edge to say
        timeout_keep_alive=30,
        timeout_graceful_shutdown=STOP_S,
        ssl_context_factory=None if tls is None else lambda _config, _default: tls,
    )
    gc.collect()
    gc.freeze()  # what start-up made stays: the collector need not walk it again for every few hundred requests
    gc.set_threshold(_GC_THRESHOLD, 20, 100)
    serving.run(config, listener, announce)


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _log_json(level: LogLevel) -> None:
    least = logging.getLevelNamesMapping()[level.upper()]
    others = logging.DEBUG if level == "debug" else max(least, logging.WARNING)
    logging.basicConfig(stream=sys.stderr, level=others, format="%(message)s")
    for name in _TOO_TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(least),
        logger_factory=structlog.WriteLoggerFactory(cast("TextIO", Unfailing(sys.stderr))),
    )
