"""Two tenants on one verifier: whatever one of them asks with the other's ids, it is not there."""

import re

import pytest

from databases import database_url, new_postgres_database, postgres  # noqa: F401  fixtures
from keyfob_verifier.access import Caller, Permission
from keyfob_verifier.api.permission_table import guarded_routes
from keyfob_verifier.service import api_keys, roles, tenants
from keyfob_verifier.service.api_keys import NewApiKey
from support_samples import written_report_of

NOT_FOUND = {
    "serial": "token-not-found",
    "record_id": "support-record-not-found",
    "key_id": "api-key-not-found",
    "name": "role-not-found",
}
BODIES = {
    "activate": {"code": "123456"},
    "resync": {"first_code": "123456", "second_code": "654321"},
    "rotate": {},
    "{record_id}": {"state": "in-progress"},
}
GLOBAL = {"/metrics", "/openapi.json", "/docs", "/v1/test-clock", "/v1/audit/checkpoint"}
"""Nothing in them is a tenant's."""


class Tenant:
    """A tenant with one of everything, and the names of it all."""

    def __init__(self, running, context, tenant_id):
        self.running = running
        self.api_key = tenants.create_tenant(context, "tester", tenant_id, tenant_id)
        caller = Caller(tenant_id, "tester", "local", frozenset(Permission))
        serial = f"{tenant_id}-TOKEN"
        self.ask("POST", "/v1/tokens", json={"account": f"{tenant_id}-alice", "serial": serial})
        report = written_report_of(serial)
        case = self.ask("POST", f"/v1/tokens/{serial}/support-records", json={"report": report})
        role = roles.create_role(context, caller, f"{tenant_id}-role", frozenset({Permission.VALIDATE}))
        key = api_keys.issue_api_key(context, caller, NewApiKey(f"{tenant_id}-key", role.name))
        self.ids = {
            "serial": serial,
            "record_id": str(case.json()["id"]),
            "key_id": key.record.id,
            "name": role.name,
        }

    def ask(self, method, path, **content):
        return self.running.ask(method, path, api_key=self.api_key, **content)


@pytest.fixture
def two(running, context):
    return Tenant(running, context, "acme"), Tenant(running, context, "zenith")


def body_of(route):
    return (
        {} if route.method in {"GET", "DELETE"} else {"json": BODIES.get(route.path.rpartition("/")[2], {})}
    )


def test_what_is_the_others_is_not_there(two, running):
    """404 as for what nobody has, word for word but for the id; never 403, which would tell that it is there."""
    mine, others = two
    asked = 0
    for route in guarded_routes(running.app):
        names = re.findall("{(.+?)}", route.path)
        if not set(names) & NOT_FOUND.keys():
            continue
        path = route.path.format(**others.ids)
        content = body_of(route)
        if route.path.endswith("support-records") and route.method == "POST":
            content = {"json": {"report": written_report_of(others.ids["serial"])}}
        response = mine.ask(route.method, path, **content)
        assert response.status_code == 404, (route.name, response.text)
        assert response.json()["type"] == f"urn:keyfob:problem:{NOT_FOUND[names[0]]}"
        asked += 1
    assert asked >= 11
    assert others.ask("GET", f"/v1/tokens/{others.ids['serial']}").json()["status"] == "pending"


def test_lists_never_show_the_others(two, running):
    mine, others = two
    listed = 0
    for route in guarded_routes(running.app):
        if route.method != "GET" or route.is_public or "{" in route.path or route.path in GLOBAL:
            continue
        text = mine.ask("GET", route.path).text
        assert "acme" in text, route.name
        assert "zenith" not in text, route.name
        assert others.ids["key_id"] not in text, route.name
        listed += 1
    assert listed >= 5


def test_filter_by_the_others_names_finds_nothing(two):
    mine, others = two
    assert mine.ask("GET", "/v1/audit", params={"serial": others.ids["serial"]}).json() == []
    key = mine.ask("POST", "/v1/api-keys", json={"name": "x", "role": others.ids["name"]})
    assert (key.status_code, key.json()["type"]) == (404, "urn:keyfob:problem:role-not-found")


def test_code_of_the_others_token_is_refused_as_of_none(two):
    mine, others = two
    answers = [
        mine.ask("POST", "/v1/validate", json={"serial": serial, "code": "123456"}).json()
        for serial in (others.ids["serial"], "NOBODY")
    ]
    assert answers[0] == answers[1]
    assert answers[0]["answer"] == "refused"


def test_both_may_use_the_same_names(two):
    for tenant in two:
        assert tenant.ask("POST", "/v1/tokens", json={"account": "bob", "serial": "SAME"}).status_code == 201
        role = {"name": "same", "permissions": ["validate"]}
        assert tenant.ask("POST", "/v1/roles", json=role).status_code == 201
