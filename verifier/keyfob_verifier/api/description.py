"""The interface's description of itself, for programs and, drawn by Swagger UI from this machine, for people."""

from enum import Enum
from importlib.resources import files

from fastapi import FastAPI
from fastapi.openapi.docs import get_swagger_ui_html
from starlette.responses import HTMLResponse, JSONResponse, Response

from keyfob_verifier.api.dependencies import AUTHENTICATED

_RESOURCES = files("fastapi_swagger.resources")


class Asset(Enum):
    """What the page of the description is made of."""

    SCRIPT = "swagger-ui-bundle.js"
    STYLE = "swagger-ui.css"
    ICON = "favicon-32x32.png"


_MEDIA_TYPES = {Asset.SCRIPT: "text/javascript", Asset.STYLE: "text/css", Asset.ICON: "image/png"}


def describe(app: FastAPI) -> None:
    """Adds /openapi.json and /docs. The page loads nothing from elsewhere: it is given an API key."""

    @app.get("/openapi.json", include_in_schema=False, dependencies=AUTHENTICATED)
    def openapi() -> JSONResponse:
        return JSONResponse(app.openapi())

    @app.get("/docs", include_in_schema=False, dependencies=AUTHENTICATED)
    def docs() -> HTMLResponse:
        return get_swagger_ui_html(
            openapi_url="openapi.json",
            title=app.title,
            swagger_js_url=f"docs/{Asset.SCRIPT.value}",
            swagger_css_url=f"docs/{Asset.STYLE.value}",
            swagger_favicon_url=f"docs/{Asset.ICON.value}",
        )

    @app.get("/docs/{asset}", include_in_schema=False, dependencies=AUTHENTICATED)
    def docs_asset(asset: Asset) -> Response:
        return Response(_RESOURCES.joinpath(asset.value).read_bytes(), media_type=_MEDIA_TYPES[asset])
