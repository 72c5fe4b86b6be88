"""API keys and roles over HTTP."""

import re

import pytest


@pytest.fixture
def asked(running, api_key):
    return lambda method, path, **content: running.ask(method, f"/v1{path}", api_key=api_key, **content)


def problem(response):
    return response.status_code, response.json()["type"].rpartition(":")[2]


def test_key_is_made_shown_once_and_listed_without_its_secret(asked, running):
    wanted = {"name": "portal", "role": "validator", "life_s": 60, "addresses": ["127.0.0.0/8"]}
    made = asked("POST", "/api-keys", json=wanted)
    assert made.status_code == 201
    shown = made.json()
    assert re.fullmatch(r"kf_[0-9a-f]{12}_[0-9a-f]{64}", shown["api_key"])
    assert shown["expires_at"] == shown["created_at"] + 60
    listed = asked("GET", "/api-keys")
    assert shown["api_key"].split("_")[2] not in listed.text
    (known,) = (key for key in listed.json() if key["id"] == shown["id"])
    assert known | {"last_used_at": None} == {
        name: value for name, value in shown.items() if name != "api_key"
    }
    body = {"serial": "X", "code": "123456"}
    assert running.ask("POST", "/v1/validate", api_key=shown["api_key"], json=body).status_code == 200


def test_pages_of_keys_follow_each_other(asked):
    for number in range(4):
        asked("POST", "/api-keys", json={"name": f"key {number}", "role": "validator"})
    everything = [key["id"] for key in asked("GET", "/api-keys").json()]
    first = [key["id"] for key in asked("GET", "/api-keys", params={"limit": 3}).json()]
    rest = [key["id"] for key in asked("GET", "/api-keys", params={"after": first[-1]}).json()]
    assert first + rest == everything == sorted(everything)


def test_key_is_rotated_and_revoked(asked, running):
    old = asked("POST", "/api-keys", json={"name": "portal", "role": "auditor", "life_s": None}).json()
    new = asked("POST", f"/api-keys/{old['id']}/rotate", json={"overlap_s": 0, "life_s": None}).json()
    assert running.ask("GET", "/v1/roles", api_key=old["api_key"]).status_code == 401
    assert running.ask("GET", "/v1/roles", api_key=new["api_key"]).status_code == 200
    again = asked("POST", f"/api-keys/{old['id']}/rotate", json={})
    assert problem(again) == (409, "api-key-ended")
    revoked = asked("POST", f"/api-keys/{new['id']}/revoke").json()
    assert revoked["revoked_at"] is not None
    assert "api_key" not in revoked


def test_role_is_made_listed_and_deleted(asked):
    role = {"name": "help-desk", "permissions": ["tokens:resync", "tokens:read"]}
    assert asked("POST", "/roles", json=role).status_code == 201
    listed = {role["name"]: role for role in asked("GET", "/roles").json()}
    assert listed["help-desk"] == {
        "name": "help-desk",
        "permissions": ["tokens:read", "tokens:resync"],
        "built_in": False,
    }
    assert listed["validator"]["permissions"] == ["validate"]
    assert problem(asked("POST", "/roles", json=role)) == (409, "role-exists")
    made = asked("POST", "/api-keys", json={"name": "x", "role": "help-desk"}).json()
    assert problem(asked("DELETE", "/roles/help-desk")) == (409, "role-in-use")
    asked("POST", f"/api-keys/{made['id']}/revoke")
    assert asked("DELETE", "/roles/help-desk").status_code == 204
    assert problem(asked("DELETE", "/roles/help-desk")) == (404, "role-not-found")
    assert problem(asked("DELETE", "/roles/admin")) == (409, "built-in-role")


def test_nobody_gives_more_than_they_have(asked, running):
    permissions = ["access:manage", "access:read", "tokens:read"]
    asked("POST", "/roles", json={"name": "deputy", "permissions": permissions})
    deputy = asked("POST", "/api-keys", json={"name": "deputy", "role": "deputy"}).json()["api_key"]
    for path, wanted in (
        ("/v1/api-keys", {"name": "x", "role": "admin"}),
        ("/v1/roles", {"name": "x", "permissions": ["tokens:read", "tokens:enrol"]}),
    ):
        refused = running.ask("POST", path, api_key=deputy, json=wanted)
        assert problem(refused) == (403, "grant-exceeds-own")
        assert "tokens:enrol" in refused.json()["detail"]
    twin = running.ask("POST", "/v1/api-keys", api_key=deputy, json={"name": "x", "role": "deputy"})
    assert twin.status_code == 201


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        ("/api-keys", {"name": "x"}, "invalid-request"),
        ("/api-keys", {"name": "x", "role": "validator", "life_s": 0}, "invalid-request"),
        ("/api-keys", {"name": "x", "role": "validator", "life_s": "NaN"}, "invalid-request"),
        (
            "/api-keys",
            {"name": "x", "role": "validator", "addresses": ["192.0.2.1/8"]},
            "invalid-address-range",
        ),
        ("/api-keys", {"name": "x\n", "role": "validator"}, "invalid-parameters"),
        ("/api-keys", {"name": "x", "role": "validator", "tenant_id": "acme"}, "invalid-request"),
        ("/roles", {"name": "x", "permissions": []}, "invalid-request"),
        ("/roles", {"name": "x", "permissions": ["everything"]}, "invalid-request"),
        ("/roles", {"name": "X", "permissions": ["validate"]}, "invalid-request"),
    ],
)
def test_wrong_wishes_are_clear_problems(asked, path, body, code):
    assert problem(asked("POST", path, json=body)) == (422, code)
