"""The bench's application: its routes, its page, its description."""

from importlib.metadata import version

from fastapi import FastAPI
from starlette.middleware.body_limit import RequestBodyLimitMiddleware

from keyfob_firmware.bench import page, problems, routes
from keyfob_firmware.bench.bench import Bench
from keyfob_firmware.bench.guard import Access, Guard

MAX_BODY_BYTES = 2**23
"""A screenshot with a QR code on it is no larger."""


def create_app(bench: Bench, access: Access) -> FastAPI:
    """The application over an open bench."""
    app = FastAPI(
        title="keyfob bench",
        version=version("keyfob"),
        openapi_url="/openapi.json",
        docs_url=None,
        redoc_url=None,
    )
    app.state.bench = bench
    app.state.access = access
    problems.install(app)
    app.add_middleware(RequestBodyLimitMiddleware, max_body_size=MAX_BODY_BYTES)
    app.add_middleware(Guard, access=access)
    app.include_router(routes.router)
    app.include_router(page.router)
    return app
