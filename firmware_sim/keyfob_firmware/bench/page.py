"""The bench's page, and its description drawn by Swagger UI. Neither loads anything from elsewhere or holds a secret."""

from importlib.resources import files

from fastapi import APIRouter
from fastapi.openapi.docs import get_swagger_ui_html
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, Response

_PAGE = files("keyfob_firmware.bench") / "static"
_SWAGGER = files("fastapi_swagger.resources")

_PAGE_ASSETS = {
    "bench.css": "text/css",
    "bench.js": "text/javascript",
    "bench.svg": "image/svg+xml",
    "calls.js": "text/javascript",
    "card.js": "text/javascript",
    "faults.js": "text/javascript",
}
_SWAGGER_ASSETS = {
    "swagger-ui-bundle.js": "text/javascript",
    "swagger-ui.css": "text/css",
    "favicon-32x32.png": "image/png",
}

router = APIRouter(include_in_schema=False)


@router.get("/")
def page() -> HTMLResponse:
    """The page."""
    return HTMLResponse((_PAGE / "index.html").read_bytes())


@router.get("/page/{asset}")
def page_asset(asset: str) -> Response:
    """What the page is made of."""
    if asset not in _PAGE_ASSETS:
        raise HTTPException(404)
    return Response((_PAGE / asset).read_bytes(), media_type=_PAGE_ASSETS[asset])


@router.get("/docs")
def docs() -> HTMLResponse:
    """The description for people."""
    script, style, icon = (f"docs/{name}" for name in _SWAGGER_ASSETS)
    return get_swagger_ui_html(
        openapi_url="openapi.json",
        title="keyfob bench",
        swagger_js_url=script,
        swagger_css_url=style,
        swagger_favicon_url=icon,
    )


@router.get("/docs/{asset}")
def docs_asset(asset: str) -> Response:
    """What the description is drawn with."""
    if asset not in _SWAGGER_ASSETS:
        raise HTTPException(404)
    return Response((_SWAGGER / asset).read_bytes(), media_type=_SWAGGER_ASSETS[asset])
