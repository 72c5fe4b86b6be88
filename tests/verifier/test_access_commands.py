"""Tenants, roles and API keys, as typed."""

import pytest


@pytest.fixture
def keyfob(places, keyfob):
    """The same, with an installation there."""
    keyfob("init")
    return keyfob


def test_key_has_the_role_end_and_ranges_that_were_told(keyfob):
    made = keyfob(
        "api-key", "create", "portal", "--role", "validator", "--address", "192.0.2.0/24", "--address", "::1"
    )
    assert made["role"] == "validator"
    assert made["addresses"] == "192.0.2.0/24 ::1"
    lasting = keyfob("api-key", "create", "portal", "--never-expires")
    assert lasting["expires_at"] is None
    assert made["expires_at"][:4] > made["created_at"][:4]
    listed = {key["id"]: key for key in keyfob("api-key", "list")}
    assert listed[made["id"]] == {name: value for name, value in made.items() if name != "api_key"}
    assert len(listed) == 3


def test_key_is_rotated_and_revoked(keyfob, mistake):
    old = keyfob("api-key", "create", "portal", "--role", "validator")
    new = keyfob("api-key", "rotate", old["id"], "--overlap", "0")
    assert (new["name"], new["role"]) == ("portal", "validator")
    assert {key["id"]: key["state"] for key in keyfob("api-key", "list")}[old["id"]] == "expired"
    assert keyfob("api-key", "revoke", new["id"])["state"] == "revoked"
    assert "make a new one" in mistake("api-key", "rotate", new["id"])
    assert "api-key list" in mistake("api-key", "revoke", "0" * 12)


def test_role_is_made_given_and_deleted(keyfob, mistake):
    made = keyfob(
        "role", "create", "help-desk", "--permission", "tokens:read", "--permission", "tokens:resync"
    )
    assert made["permissions"] == ["tokens:read", "tokens:resync"]
    assert "help-desk" in [role["name"] for role in keyfob("role", "list")]
    key = keyfob("api-key", "create", "desk", "--role", "help-desk")
    assert "1 API keys" in mistake("role", "delete", "help-desk")
    keyfob("api-key", "revoke", key["id"])
    assert keyfob("role", "delete", "help-desk", "--yes")["deleted"]
    assert "role list" in mistake("api-key", "create", "desk", "--role", "help-desk")
    assert "built in" in mistake("role", "delete", "admin")
    assert "fly" in mistake("role", "create", "x", "--permission", "fly", status=2)


def test_tenants_work_apart(keyfob, mistake, monkeypatch):
    made = keyfob("tenant", "create", "acme", "--name", "Acme & Co")
    assert made["api_key"].startswith("kf_")
    assert [(tenant["id"], tenant["name"]) for tenant in keyfob("tenant", "list")] == [
        ("acme", "Acme & Co"),
        ("default", "default"),
    ]
    keyfob("token", "enrol", "alice", "--serial", "A-1", "--tenant", "acme")
    assert keyfob("token", "list") == []
    assert "no token" in mistake("token", "show", "A-1")
    assert keyfob("role", "list", "--tenant", "acme")[0]["name"] == "admin"
    keyfob("role", "create", "own", "--permission", "validate", "--tenant", "acme")
    assert "no role" in mistake("role", "delete", "own")
    monkeypatch.setenv("KEYFOB_TENANT", "acme")
    assert [token["serial"] for token in keyfob("token", "list")] == ["A-1"]
    assert [key["name"] for key in keyfob("api-key", "list")] == ["first"]


@pytest.mark.parametrize(
    "command",
    [
        ["token", "list"],
        ["token", "enrol", "alice"],
        ["validate", "A-1", "123456"],
        ["support", "list"],
        ["api-key", "create", "x"],
        ["role", "list"],
    ],
)
def test_unknown_tenant_is_named(keyfob, mistake, command):
    assert "keyfob tenant list" in mistake(*command, "--tenant", "nobody")


def test_tenant_is_made_once(keyfob, mistake):
    keyfob("tenant", "create", "acme")
    assert "already" in mistake("tenant", "create", "acme")
    assert "lower-case" in mistake("tenant", "create", "Acme")


@pytest.mark.parametrize(
    ("options", "said", "status"),
    [
        (["--host", "0.0.0.0"], "--plaintext", 1),
        (["--host", "keyfob.example"], "--tls-certificate", 1),
        (["--host", "::"], "--trusted-proxy", 1),
        (["--tls-certificate", "x.pem"], "--tls-key", 2),
        (["--tls-key", "x.key"], "--tls-certificate", 2),
        (["--tls-certificate", "/gone.pem", "--tls-key", "/gone.key"], "/gone.pem cannot be read", 1),
        (["--trusted-proxy", "10.0.0.1/8"], "no address range", 1),
        (["--rate-limit", "0"], "--rate-limit", 2),
    ],
)
def test_serving_that_would_not_be_safe_is_refused_at_the_start(keyfob, mistake, options, said, status):
    assert said in mistake("serve", "--port", "0", *options, status=status)
