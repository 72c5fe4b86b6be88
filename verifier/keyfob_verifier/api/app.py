"""The application: the routes, and what they share."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from importlib.metadata import version

from fastapi import FastAPI
from starlette.middleware.body_limit import RequestBodyLimitMiddleware

from keyfob import VirtualClock
from keyfob_verifier.api import handed_time, health, problems, record, support, tokens, validation
from keyfob_verifier.api.authentication import Authenticator
from keyfob_verifier.api.description import describe
from keyfob_verifier.api.metrics import Metrics
from keyfob_verifier.api.middleware import DeclaredLengthLimit, NeverStored
from keyfob_verifier.errors import StorageUnavailableError
from keyfob_verifier.service.context import Context
from keyfob_verifier.service.group_commit import GroupCommit
from keyfob_verifier.service.verification import verify

MAX_BODY_BYTES = 16 * 1024


def create_app(context: Context) -> FastAPI:
    """The verifier over an open installation; with a `VirtualClock` in it, the test clock's routes too."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.writer = GroupCommit(metrics.watch(partial(verify, context)), StorageUnavailableError)
        yield
        app.state.writer.close()
        context.store.close()

    metrics = Metrics()
    app = FastAPI(
        title="keyfob verifier",
        version=version("keyfob"),
        lifespan=lifespan,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
    )
    app.state.context = context
    app.state.metrics = metrics
    app.state.authenticator = Authenticator(context.store)
    problems.install(app)
    app.add_middleware(RequestBodyLimitMiddleware, max_body_size=MAX_BODY_BYTES)
    app.add_middleware(DeclaredLengthLimit, max_bytes=MAX_BODY_BYTES)
    app.add_middleware(NeverStored)
    for module in (tokens, validation, support, record, health):
        app.include_router(module.router)
    if isinstance(context.clock, VirtualClock):
        app.include_router(handed_time.router)
    describe(app)
    return app
