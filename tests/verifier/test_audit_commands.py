"""`keyfob audit …`, as typed."""

import json

import pytest
from sqlalchemy import text

from databases import connected
from keyfob.cli import main
from keyfob_verifier.audit.chain import HASH_BYTES


@pytest.fixture
def recorded(places, keyfob):
    """An installation with some entries in its record, and the database's URL."""
    keyfob("init")
    keyfob("tenant", "create", "acme")
    for serial in ("KF-1", "KF-2", "KF-3"):
        keyfob("token", "enrol", "alice", "--serial", serial)
    keyfob("token", "enrol", "bob", "--serial", "A-1", "--tenant", "acme")
    return f"sqlite:///{places}/data/verifier.db"


def tamper(url, statement):
    with connected(url) as connection:
        assert connection.execute(text(statement)).rowcount == 1


def test_entries_are_listed_newest_first_and_by_tenant(recorded, keyfob):
    assert [entry["serial"] for entry in keyfob("audit", "list", "--action", "enrol")] == [
        "KF-3",
        "KF-2",
        "KF-1",
    ]
    assert [entry["action"] for entry in keyfob("audit", "list", "--serial", "KF-2")] == ["enrol"]
    assert [
        entry["serial"] for entry in keyfob("audit", "list", "--action", "enrol", "--tenant", "acme")
    ] == ["A-1"]
    assert keyfob("audit", "list", "--until", "2026-01-01") == []


def test_whole_record_is_sound_and_a_changed_entry_is_named(recorded, keyfob, capsys):
    sound = keyfob("audit", "verify")
    assert sound["sound"]
    assert sound["entries"] >= 5
    tamper(recorded, "UPDATE audit SET actor = 'nobody' WHERE serial = 'KF-2'")
    found = keyfob("audit", "verify", status=1)
    assert not found["sound"]
    assert len(found["findings"]) == 1
    assert main(["audit", "verify"]) == 1
    assert f"entry {found['findings'][0]['sequence']}" in capsys.readouterr().err


def test_checkpoint_elsewhere_shows_what_was_cut_off(recorded, places, keyfob):
    key = keyfob("audit", "public-key")["public_key"]
    kept = places / "elsewhere.json"
    assert keyfob("audit", "checkpoint", "--to", kept)["put_to"] == str(kept)
    pinned = ("audit", "verify", "--against", kept, "--public-key", key)
    assert keyfob(*pinned)["against_checkpoint"] == 1
    tamper(recorded, "DELETE FROM audit WHERE sequence = (SELECT max(sequence) FROM audit)")
    assert not keyfob(*pinned, status=1)["sound"]


def test_key_of_somebody_else_proves_nothing(recorded, keyfob):
    keyfob("audit", "checkpoint")
    assert not keyfob("audit", "verify", "--public-key", "ab" * 32, status=1)["sound"]


def test_checkpoint_never_replaces_a_file(recorded, places, mistake):
    kept = places / "elsewhere.json"
    kept.write_text("mine")
    mistake("audit", "checkpoint", "--to", kept)
    assert kept.read_text() == "mine"


def test_export_is_lines_that_can_be_verified_elsewhere(recorded, capsys):
    assert main(["audit", "export", "--tenant", "acme"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {line["tenant"] for line in lines if line["type"] == "entry"} == {"acme"}
    assert all(len(bytes.fromhex(line["hash"])) == HASH_BYTES for line in lines if line["type"] == "entry")


def test_oldest_entries_are_pruned_once_that_is_confirmed_and_the_rest_is_sound(
    recorded, places, keyfob, mistake
):
    assert "--yes" in mistake("audit", "prune", "--before", "2026-01-01")
    assert keyfob("audit", "prune", "--before", "2020-01-01", "--yes")["removed"] == 0
    before, newest = keyfob("audit", "verify")["entries"], keyfob("audit", "list")[0]["at"]
    removed = keyfob("audit", "prune", "--before", newest, "--yes")["removed"]
    assert removed > 0
    left = keyfob("audit", "verify")
    assert (left["sound"], left["entries"]) == (True, before - removed + 1)


@pytest.mark.parametrize("option", ["--since", "--until"])
def test_time_that_is_none_is_refused(recorded, mistake, option, capsys):
    assert main(["audit", "list", option, "yesterday"]) == 2
    assert "2026-03-01" in capsys.readouterr().err
