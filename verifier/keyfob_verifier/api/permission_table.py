"""Which permission each route asks for, as the routes themselves declare it; and that as a table for the docs.

`python -m keyfob_verifier.api.permission_table docs/access.md` writes the table anew between that page's markers.
"""

import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import RouteContext, iter_route_contexts

from keyfob_verifier.access import BUILT_IN_ROLES, Permission
from keyfob_verifier.api import handed_time
from keyfob_verifier.api.app import add_routes
from keyfob_verifier.api.dependencies import Requires, any_caller

PUBLIC: Mapping[str, str] = MappingProxyType(
    {
        "GET /healthz": "anybody",
        "GET /readyz": "anybody",
        "POST /v1/session": "anybody: it signs in",
        "GET /v1/session": "whoever is signed in",
        "DELETE /v1/session": "whoever is signed in",
        "GET /console": "people, who sign in there",
    }
)
"""The routes that ask for no API key, and whom they are for."""

BEGIN = "<!-- permissions: begin -->"
END = "<!-- permissions: end -->"


class UndeclaredRouteError(Exception):
    """A route does not say whom it is for, or says it twice."""

    def __init__(self, route: str) -> None:
        super().__init__(
            f"{route} must ask for exactly one permission, or for any caller, or stand in PUBLIC"
        )


@dataclass(frozen=True, slots=True)
class GuardedRoute:
    """A route, and whom it is for.

    Attributes:
        method: of HTTP.
        path: with its parameters' names in braces.
        permission: what it asks for; None where any caller will do, or anybody.
        is_public: whether it asks for no API key.
    """

    method: str
    path: str
    permission: Permission | None
    is_public: bool

    @property
    def name(self) -> str:
        """The route as people write it."""
        return f"{self.method} {self.path}"

    def is_open_to(self, permissions: frozenset[Permission]) -> bool:
        """Whether a caller with these permissions gets past the guard."""
        return self.permission is None or self.permission in permissions


def guarded_routes(app: FastAPI) -> list[GuardedRoute]:
    """Every route of an application, with whom it is for, as its dependencies say.

    Raises:
        UndeclaredRouteError: one of them does not say it, or not clearly.
    """
    routes: dict[str, GuardedRoute] = {}
    for route in iter_route_contexts(app.routes):
        for method in sorted((route.methods or {"GET"}) - {"HEAD"}):
            guarded = _guarded(f"{method} {route.path}", set(_guards(route)))
            if routes.setdefault(guarded.name, guarded) != guarded:
                raise UndeclaredRouteError(guarded.name)
    return list(routes.values())


def _guarded(name: str, guards: set[object]) -> GuardedRoute:
    method, path = name.split(" ", 1)
    wanted = [guard.permission for guard in guards if isinstance(guard, Requires)]
    is_public = name in PUBLIC
    if len(guards) + is_public != 1:
        raise UndeclaredRouteError(name)
    return GuardedRoute(method, path, wanted[0] if wanted else None, is_public)


def _guards(route: RouteContext) -> Iterator[object]:
    """What a route's dependencies ask for."""
    dependant: Dependant | None = getattr(route, "dependant", None)
    if dependant is not None:
        yield from _guards_among(dependant.dependencies)


def _guards_among(dependencies: Iterable[Dependant]) -> Iterator[object]:
    for dependency in dependencies:
        if isinstance(dependency.call, Requires) or dependency.call is any_caller:
            yield dependency.call
        yield from _guards_among(dependency.dependencies)


def table() -> str:
    """The permission table, in Markdown."""
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    add_routes(app)
    app.include_router(handed_time.router)
    heads = ["route", "permission", *BUILT_IN_ROLES]
    lines = [f"| {' | '.join(heads)} |", f"|{' --- |' * len(heads)}"]
    for route in guarded_routes(app):
        marks = ["yes" if route.is_open_to(allowed) else "–" for allowed in BUILT_IN_ROLES.values()]
        lines.append(f"| `{route.name}` | {_permission(route)} | {' | '.join(marks)} |")
    return "\n".join(lines)


def _permission(route: GuardedRoute) -> str:
    if route.is_public:
        return PUBLIC[route.name]
    return "any" if route.permission is None else f"`{route.permission}`"


def with_table(page: str) -> str:
    """A page with the present table between its markers."""
    head, _, rest = page.partition(BEGIN)
    _, _, tail = rest.partition(END)
    return f"{head}{BEGIN}\n\n{table()}\n\n{END}{tail}"


if __name__ == "__main__":
    for name in sys.argv[1:]:
        path = Path(name)
        path.write_text(with_table(path.read_text()))
