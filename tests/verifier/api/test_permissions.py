"""Every route of the real application, asked by every built-in role and by nobody."""

import re
from pathlib import Path

import pytest
from fastapi import Depends, FastAPI

from keyfob_verifier.access import BUILT_IN_ROLES, Permission
from keyfob_verifier.api.dependencies import Requires, any_caller
from keyfob_verifier.api.permission_table import PUBLIC, UndeclaredRouteError, guarded_routes, with_table

PAGE = Path(__file__).parents[3] / "docs" / "access.md"
NOBODYS_KEY = f"kf_{'0' * 12}_{'0' * 64}"
VALUES = {"record_id": "1", "key_id": "0" * 12, "asset": "start.js"}


def path_of(route):
    """A path that could be one: of something that is not there."""
    return re.sub("{(.+?)}", lambda match: VALUES.get(match[1], "nothing"), route.path)


def routes_to_ask(running):
    return [route for route in guarded_routes(running.app) if route.path != "/console"]


def asked(running, route, api_key):
    body = {} if route.method in {"GET", "DELETE"} else {"json": {}}
    return running.ask(route.method, path_of(route), api_key=api_key, **body)


def test_every_route_lets_exactly_those_roles_in_that_may(running, new_key):
    routes = routes_to_ask(running)
    assert len(routes) > 25
    for role, permissions in BUILT_IN_ROLES.items():
        api_key = new_key(role).api_key
        for route in routes:
            if route.is_public:
                continue
            response = asked(running, route, api_key)
            if route.is_open_to(permissions):
                assert response.status_code not in {401, 403}, (role, route.name, response.text)
                assert response.status_code < 500, (role, route.name, response.text)
            else:
                assert response.status_code == 403, (role, route.name, response.text)
                problem = response.json()
                assert problem["type"] == "urn:keyfob:problem:forbidden"
                assert f"'{route.permission}'" in problem["detail"]


def test_nobody_gets_in_without_a_key(running):
    for route in routes_to_ask(running):
        for presented in (None, NOBODYS_KEY, "kf_"):
            response = asked(running, route, presented)
            if not route.is_public:
                assert response.status_code == 401, (route.name, response.text)
                assert response.json()["type"] == "urn:keyfob:problem:unauthorized"


def test_permissions_of_all_routes_are_all_that_there_are(running):
    declared = {route.permission for route in guarded_routes(running.app)} - {None}
    assert set(Permission) - declared == {Permission.DIAGNOSE}, "which decides what an answer says"


def test_public_routes_are_the_listed_ones(running):
    assert {route.name for route in guarded_routes(running.app) if route.is_public} == set(PUBLIC)


@pytest.mark.parametrize(
    "guards",
    [
        [],
        [Requires(Permission.VALIDATE), Requires(Permission.AUDIT_READ)],
        [Requires(Permission.VALIDATE), any_caller],
    ],
)
def test_route_that_does_not_say_whom_it_is_for_is_named(guards):
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    app.get("/new", dependencies=[Depends(guard) for guard in guards])(lambda: "")
    with pytest.raises(UndeclaredRouteError, match="GET /new"):
        guarded_routes(app)


def test_table_in_the_documentation_is_up_to_date():
    text = PAGE.read_text()
    assert text == with_table(text), "python -m keyfob_verifier.api.permission_table docs/access.md"


def test_every_permission_and_role_is_described():
    text = PAGE.read_text()
    for name in (*Permission, *BUILT_IN_ROLES):
        assert f"| `{name}` |" in text
