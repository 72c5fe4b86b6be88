"""The interface's description of itself, for programs and, drawn by Swagger UI from this machine, for people."""

import html
from enum import Enum
from importlib.resources import files
from typing import Any

from fastapi import Depends, FastAPI
from starlette.responses import HTMLResponse, JSONResponse, Response

from keyfob_verifier.api.dependencies import any_caller
from keyfob_verifier.api.edge import PAGE_POLICY

_RESOURCES = files("fastapi_swagger.resources")
_FOR_EVERY_CALLER = [Depends(any_caller)]
_PROBLEM = "application/problem+json"

_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="stylesheet" href="docs/swagger-ui.css">
<link rel="icon" href="docs/favicon-32x32.png">
<script src="docs/swagger-ui-bundle.js" defer></script>
<script src="docs/start.js" defer></script>
</head>
<body><div id="swagger-ui"></div></body>
</html>
"""
_START = """SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  presets: [SwaggerUIBundle.presets.apis, SwaggerUIBundle.SwaggerUIStandalonePreset],
});
"""


class Asset(Enum):
    """What the page of the description is made of."""

    SCRIPT = "swagger-ui-bundle.js"
    START = "start.js"
    STYLE = "swagger-ui.css"
    ICON = "favicon-32x32.png"


_MEDIA_TYPES = {
    Asset.SCRIPT: "text/javascript",
    Asset.START: "text/javascript",
    Asset.STYLE: "text/css",
    Asset.ICON: "image/png",
}


def describe(app: FastAPI) -> None:
    """Adds /openapi.json and /docs. The page loads nothing from elsewhere: it is given an API key."""

    @app.get("/openapi.json", include_in_schema=False, dependencies=_FOR_EVERY_CALLER)
    def openapi() -> JSONResponse:
        return JSONResponse(description_of(app))

    @app.get("/docs", include_in_schema=False, dependencies=_FOR_EVERY_CALLER)
    def docs() -> HTMLResponse:
        page = _PAGE.format(title=html.escape(app.title))
        return HTMLResponse(page, headers={"Content-Security-Policy": PAGE_POLICY.decode()})

    @app.get("/docs/{asset}", include_in_schema=False, dependencies=_FOR_EVERY_CALLER)
    def docs_asset(asset: Asset) -> Response:
        content = _START.encode() if asset is Asset.START else _RESOURCES.joinpath(asset.value).read_bytes()
        return Response(content, media_type=_MEDIA_TYPES[asset])


def description_of(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document, in which problems have the media type that they are sent with."""
    document = app.openapi()
    for path in document["paths"].values():
        for operation in path.values():
            for status, response in operation["responses"].items():
                if not status.startswith("2"):
                    response["content"] = dict.fromkeys([_PROBLEM], *response.get("content", {}).values())
    return document
