"""The application: the routes, and what they share."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from importlib.metadata import version
from typing import Any

from fastapi import FastAPI
from starlette.types import ASGIApp

from keyfob import VirtualClock
from keyfob_verifier.api import (
    access,
    handed_time,
    health,
    problems,
    record,
    sessions,
    support,
    tokens,
    validation,
)
from keyfob_verifier.api.authentication import Authenticator
from keyfob_verifier.api.checkpoint_watch import regular_checkpoints
from keyfob_verifier.api.clock_watch import watched_clock
from keyfob_verifier.api.description import describe
from keyfob_verifier.api.edge import Edge, EdgeSettings
from keyfob_verifier.api.metrics import Metrics
from keyfob_verifier.api.sign_in_desk import SignInDesk
from keyfob_verifier.console.app import create_console
from keyfob_verifier.errors import StorageUnavailableError
from keyfob_verifier.service.context import Context
from keyfob_verifier.service.group_commit import GroupCommit
from keyfob_verifier.service.outcome import Outcome
from keyfob_verifier.service.verification import Attempt, verify

_AS_USUAL = EdgeSettings()


class Verifier(FastAPI):
    """The application within its edge, which stands outside even of what answers faults.

    Args:
        edge: how callers are met.
        **kwargs: what FastAPI takes.
    """

    def __init__(self, edge: EdgeSettings, **kwargs: Any) -> None:
        self._edge = edge
        super().__init__(**kwargs)

    def build_middleware_stack(self) -> ASGIApp:
        """The layers round the routes, outermost first."""
        return Edge(validation.Directly(super().build_middleware_stack()), self._edge)


def create_app(context: Context, edge: EdgeSettings = _AS_USUAL) -> FastAPI:
    """The verifier over an open installation; with a `VirtualClock` in it, the test clock's routes too."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.writer = GroupCommit(
            metrics.watch(partial(verify, context)), StorageUnavailableError, context.store.probe
        )
        async with watched_clock(context), regular_checkpoints(context):
            yield
        await authenticator.last_use.settle()
        app.state.writer.close()
        context.store.close()

    async def submit(attempt: Attempt) -> Outcome:
        answer: Outcome = await app.state.writer.submit(attempt)
        return answer

    metrics = Metrics()
    app = Verifier(
        edge,
        title="keyfob verifier",
        version=version("keyfob"),
        lifespan=lifespan,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
    )
    app.state.context = context
    app.state.metrics = metrics
    metrics.watch_clock(context.guard)
    authenticator = app.state.authenticator = Authenticator(context)
    app.state.desk = SignInDesk(context, submit)
    authenticator.sessions = sessions.session_lookup(context)
    problems.install(app)
    add_routes(app)
    app.mount("/console", create_console(context, app.state.desk))
    if isinstance(context.clock, VirtualClock):
        app.include_router(handed_time.router)
    return app


def add_routes(app: FastAPI) -> None:
    """Adds every route but those of the test clock."""
    for module in (tokens, validation, support, record, access, sessions, health):
        app.include_router(module.router)
    describe(app)
