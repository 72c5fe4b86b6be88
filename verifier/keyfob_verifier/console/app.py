"""The console's application, mounted beside the HTTP interface: its routes, its errors as pages."""

from pathlib import Path

from fastapi import FastAPI
from starlette.staticfiles import StaticFiles

from keyfob_verifier.api.sign_in_desk import SignInDesk
from keyfob_verifier.console import access, overview, own_token, problems, sign_in, token_actions, tokens
from keyfob_verifier.console.headers import PageHeaders
from keyfob_verifier.service.context import Context

STATIC = Path(__file__).parent / "static"


def create_console(context: Context, desk: SignInDesk) -> FastAPI:
    """The pages over an open installation, at whatever path they are mounted."""
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    app.state.context = context
    app.state.desk = desk
    problems.install(app)
    app.add_middleware(PageHeaders)
    for module in (sign_in, overview, tokens, token_actions, own_token, access):
        app.include_router(module.router)
    app.mount("/static", StaticFiles(directory=STATIC))
    return app
