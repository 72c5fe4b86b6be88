"""`keyfob keys …`, as typed."""

import os
import sqlite3
import subprocess
import sys

import pytest

from hsm import hsm, softhsm  # noqa: F401  fixtures
from keyfob.cli import main
from keyfob.key_file import read_key_file

PIN_IN_URI = "pkcs11:token=t;object=kek?module-path=/m.so&pin-value=s3same"


@pytest.fixture
def places(places, monkeypatch):
    monkeypatch.setenv("KEYFOB_KEK", f"{places}/keys of mine/kek.key")
    return places


@pytest.fixture
def installed(places, keyfob):
    keyfob("init")
    keyfob("token", "enrol", "alice", "--serial", "A-1")


def test_status_names_the_key_in_use_and_says_that_all_is_well(installed, places, keyfob):
    shown = keyfob("keys", "status")
    kek = read_key_file(places / "keys of mine" / "kek.key")
    assert shown["kek"] == kek.key_id
    assert shown["where"] == f"file:{places}/keys of mine/kek.key"
    (row,) = shown["data_keys"]
    assert {name: row[name] for name in ("tenant", "kek", "seeds", "seals_new", "opens", "advice")} == {
        "tenant": "default",
        "kek": kek.key_id,
        "seeds": 1,
        "seals_new": True,
        "opens": True,
        "advice": None,
    }
    assert 0.0 <= row["age_days"] < 1.0


def test_status_is_for_people_too(installed, capsys):
    assert main(["keys", "status"]) == 0
    printed = capsys.readouterr().out
    assert "The key-encryption key in use is" in printed
    assert "default" in printed


def test_new_kek_text_is_good_for_an_installation(places, keyfob, monkeypatch, capsys):
    made = keyfob("keys", "generate")
    assert main(["keys", "generate"]) == 0
    assert made["text"] not in capsys.readouterr().out
    monkeypatch.setenv("MY_KEK", made["text"])
    assert keyfob("init", "--kek", "env:MY_KEK")["kek"] == "env:MY_KEK"
    assert keyfob("keys", "status", "--kek", "env:MY_KEK")["kek"] == made["kek"]
    for path in places.rglob("*"):
        if path.is_file():
            assert made["text"].encode() not in path.read_bytes()


def test_kek_is_made_ahead_in_a_file(places, keyfob, mistake):
    made = keyfob("keys", "generate", "--to", places / "new" / "kek.key")
    assert made == {
        "kek": read_key_file(places / "new" / "kek.key").key_id,
        "where": f"file:{places}/new/kek.key",
    }
    assert "exists already" in mistake("keys", "generate", "--to", places / "new" / "kek.key")
    assert "with what it seals" in mistake("keys", "generate", "--to", places / "data" / "kek.key")


def test_kek_is_rotated_into_a_new_file(installed, places, keyfob, mistake):
    new = places / "new" / "kek.key"
    assert keyfob("keys", "rotate", "kek", "--to", new)["wrapped"] == 1
    complaint = mistake("token", "list")
    assert read_key_file(new).key_id in complaint
    assert "--kek" in complaint
    assert [row["serial"] for row in keyfob("token", "list", "--kek", new)] == ["A-1"]
    assert keyfob("keys", "status")["data_keys"][0]["opens"] is False
    assert keyfob("keys", "rotate", "kek", "--to", new)["wrapped"] == 0


def test_commands_take_both_keys_while_a_rotation_lasts(installed, places, keyfob):
    old, new = places / "keys of mine" / "kek.key", places / "new" / "kek.key"
    keyfob("keys", "generate", "--to", new)
    assert len(keyfob("token", "list", "--kek", new, "--kek", old)) == 1
    keyfob("keys", "rotate", "kek", "--to", new)
    assert len(keyfob("token", "list", "--kek", old, "--kek", new)) == 1


def test_data_keys_are_rotated(installed, keyfob, mistake):
    before = keyfob("keys", "status")["data_keys"][0]["data_key"]
    done = keyfob("keys", "rotate", "data", "--tenant", "default")
    assert done == {"resumed": False, "tenants": 1, "resealed": 1, "deleted": 1, "unusable": []}
    (row,) = keyfob("keys", "status")["data_keys"]
    assert row["data_key"] != before
    assert row["seeds"] == 1
    assert "no tenant 'nobody'" in mistake("keys", "rotate", "data", "--tenant", "nobody")


def test_seeds_that_do_not_open_are_named_and_the_command_fails(installed, places, keyfob):
    with sqlite3.connect(places / "data" / "verifier.db") as connection:
        connection.execute("UPDATE tokens SET serial = 'SWAPPED'")
    connection.close()
    assert keyfob("keys", "rotate", "data", status=1)["unusable"] == ["SWAPPED"]


def test_kek_moves_into_an_hsm(installed, keyfob, hsm):  # noqa: F811
    moved = keyfob("keys", "rotate", "kek", "--to", hsm.uri())
    assert moved["kek"].startswith("hsm-")
    assert moved["where"] == f"key 'kek' of the HSM token '{hsm.label}'"
    assert len(keyfob("token", "list", "--kek", hsm.uri())) == 1


def test_installation_is_made_with_a_key_in_an_hsm(places, keyfob, mistake, hsm):  # noqa: F811
    assert keyfob("init", "--kek", hsm.uri())["kek"] == hsm.uri()
    assert not (places / "keys of mine").exists()
    assert keyfob("keys", "status", "--kek", hsm.uri())["data_keys"][0]["opens"]
    assert "does not exist" in mistake("token", "list", "--kek", hsm.uri("another"))


@pytest.mark.parametrize("command", [["token", "list"], ["keys", "status"], ["serve", "--port", "0"]])
def test_pin_in_the_uri_is_refused_without_repeating_it(installed, mistake, command):
    complaint = mistake(*command, "--kek", PIN_IN_URI)
    assert "pin-source" in complaint
    assert "s3same" not in complaint


def test_pin_in_the_uri_makes_no_installation(places, mistake):
    assert "pin-source" in mistake("init", "--kek", PIN_IN_URI)
    assert not (places / "data").exists()


def test_new_installation_takes_one_key(places, mistake):
    assert "one key-encryption key" in mistake("init", "--kek", "a", "--kek", "b", status=2)


def test_missing_extra_is_named(places):
    """As on a machine without the extra for HSMs."""
    program = (
        "import sys\n"
        "sys.modules['pkcs11'] = None\n"
        "from keyfob.cli import main\n"
        "sys.exit(main(['init', '--kek', 'pkcs11:token=t;object=k?module-path=/m.so&pin-source=env:P']))\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, env=os.environ
    )
    assert ran.returncode == 1
    assert "pip install 'keyfob[hsm]'" in ran.stderr
    assert "Traceback" not in ran.stderr
