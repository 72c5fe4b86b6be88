"""`keyfob backup` and `keyfob restore`, as typed."""

import json
import time

import pytest

from keyfob import totp
from keyfob.cli import main
from keyfob.uri import parse_uri


@pytest.fixture
def keyfob(tmp_path, monkeypatch, capsys):
    """Runs a command on an installation of its own; its JSON, or where it should fail, its complaint."""
    monkeypatch.setenv("KEYFOB_DATABASE_URL", f"sqlite:///{tmp_path}/data/verifier.db")
    monkeypatch.setenv("KEYFOB_KEK", f"{tmp_path}/keys/kek.key")

    def run(*arguments, status=0):
        assert main([*map(str, arguments), "--json"]) == status
        printed = capsys.readouterr()
        return json.loads(printed.out) if printed.out else printed.err

    return run


@pytest.fixture
def token(keyfob):
    """An active token; its seed."""
    keyfob("init")
    enrolled = keyfob("token", "enrol", "alice", "--serial", "S")
    seed = parse_uri(enrolled["uri"]).seed.reveal()
    keyfob("token", "activate", "S", totp(seed, time.time() - 30.0))
    return seed


def test_installation_goes_into_a_file_and_out_of_it_again(tmp_path, keyfob, token, monkeypatch):
    file = tmp_path / "backup.keyfob"
    made = keyfob("backup", file)
    assert (made["file"], file.stat().st_mode & 0o777) == (str(file), 0o600)
    used = totp(token, time.time())
    assert keyfob("validate", "S", used)["answer"] == "accepted"
    monkeypatch.setenv("KEYFOB_DATABASE_URL", f"sqlite:///{tmp_path}/again/verifier.db")
    restored = keyfob("restore", file)
    assert restored["rows"] == made["rows"]
    assert (restored["tokens"], restored["tokens_to_resync"]) == (1, 0)
    assert 60.0 < restored["wait_s"] < 3600.0
    assert keyfob("validate", "S", used, status=1)["answer"] == "refused"
    assert [entry["serial"] for entry in keyfob("token", "list")] == ["S"]


def test_what_cannot_be_done_is_said_in_one_line(tmp_path, keyfob, token):
    file = tmp_path / "backup.keyfob"
    keyfob("backup", file)
    for arguments in (
        ("backup", file),
        ("backup", tmp_path / "none" / "backup"),
        ("restore", file),
        ("restore", tmp_path / "nothing"),
        (
            "restore",
            tmp_path / "keys" / "kek.key",
            "--database-url",
            f"sqlite:///{tmp_path}/again/verifier.db",
        ),
    ):
        complaint = keyfob(*arguments, status=1)
        assert complaint.startswith("keyfob: ")
        assert complaint.count("\n") == 1
    assert not (tmp_path / "again").exists()
