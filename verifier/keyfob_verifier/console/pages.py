"""Pages from templates."""

from collections.abc import Mapping
from datetime import UTC, datetime
from http import HTTPStatus

from fastapi import Request
from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse, RedirectResponse, Response

from keyfob_verifier.console.words import NOTICES, REASONS

_NOTICE_COOKIE = "keyfob_notice"
_NOTICE_S = 30

_templates = Environment(
    loader=PackageLoader("keyfob_verifier.console"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def page(
    request: Request, template: str, values: Mapping[str, object], status: int = HTTPStatus.OK
) -> HTMLResponse:
    """A page; it shows the notice that the request before it left, once."""
    left = request.cookies.get(_NOTICE_COOKIE, "")
    notice = NOTICES.get(left)
    shown = {"base": base_of(request), "notice": notice, **values}
    response = HTMLResponse(_templates.get_template(template).render(shown), status)
    if left:
        response.delete_cookie(_NOTICE_COOKIE, path=base_of(request), httponly=True, samesite="strict")
    return response


def go_to(request: Request, path: str, notice: str = "") -> Response:
    """Sends the browser on to another page of the console, which shows one of `words.NOTICES`."""
    response = RedirectResponse(base_of(request) + path, HTTPStatus.SEE_OTHER)
    if notice:
        response.set_cookie(
            _NOTICE_COOKIE,
            notice,
            max_age=_NOTICE_S,
            path=base_of(request),
            secure=request.url.scheme == "https",
            httponly=True,
            samesite="strict",
        )
    return response


def base_of(request: Request) -> str:
    """The path that the console is mounted at, such as /console."""
    base: str = request.scope["root_path"]
    return base


def _moment(at: float) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M:%S} UTC"


def _machine_moment(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")


def _signed(value: float) -> str:
    """A figure with its sign, a true minus one, to as many places as a person can use."""
    places = 2 if abs(value) < 10.0 else 1
    return f"{value:+.{places}f}".replace("-", "−")


def _unsigned(value: float) -> str:
    return f"{value:.{2 if value < 10.0 else 1}f}"


def _reason(outcome: str) -> str:
    reason = outcome.removeprefix("repeated-")
    return REASONS.get(reason, reason)


_templates.filters |= {
    "moment": _moment,
    "machine_moment": _machine_moment,
    "signed": _signed,
    "unsigned": _unsigned,
    "reason": _reason,
}
