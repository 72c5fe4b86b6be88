"""`keyfob person …`, as typed."""

import io
import json
import sys
from types import SimpleNamespace

import pytest

from keyfob import SystemClock
from keyfob.cli import main
from keyfob.uri import parse_uri
from people_samples import PASSWORD


@pytest.fixture
def keyfob(capsys):
    """Runs a command that should go well, and gives what it printed."""

    def run(*arguments):
        assert main([*map(str, arguments)]) == 0, capsys.readouterr().err
        return capsys.readouterr().out

    return run


@pytest.fixture
def mistake(capsys):
    """Runs a command that should not go well, and gives its complaint."""

    def run(*arguments, status=1):
        assert main([*map(str, arguments)]) == status
        printed = capsys.readouterr()
        assert printed.out == ""
        return printed.err

    return run


@pytest.fixture
def password_file(tmp_path, monkeypatch, keyfob):
    """An installation with the active token KF-1, and a file with a password."""
    monkeypatch.setenv("KEYFOB_DATABASE_URL", f"sqlite:///{tmp_path}/data/verifier.db")
    monkeypatch.setenv("KEYFOB_KEK", f"{tmp_path}/keys/kek.key")
    keyfob("init")
    uri = json.loads(keyfob("token", "enrol", "alice", "--serial", "KF-1", "--json"))["uri"]
    credential = parse_uri(uri)
    step = int(SystemClock().now()) // credential.parameters.time_step_s
    keyfob("token", "activate", "KF-1", credential.seed.code(step, credential.parameters))
    file = tmp_path / "password"
    file.write_text(PASSWORD + "\n")
    return file


@pytest.fixture
def add(password_file):
    return ("person", "add", "alice", "--role", "admin", "--token", "KF-1", "--password-file", password_file)


def test_person_is_entered_listed_and_disabled(add, keyfob):
    entered = json.loads(keyfob(*add, "--json"))
    assert (entered["name"], entered["role"], entered["token"]) == ("alice", "admin", "KF-1")
    assert entered["disabled_at"] is None
    assert json.loads(keyfob("person", "list", "--json")) == [entered]
    assert keyfob("person", "disable", "alice", "--yes") == ""
    assert json.loads(keyfob("person", "list", "--json"))[0]["disabled_at"] is not None


def test_nobody_is_listed_as_such(password_file, keyfob):
    assert keyfob("person", "list") == "Nobody was entered.\n"


def test_password_is_never_an_argument(add, keyfob):
    assert PASSWORD not in "".join(map(str, add))
    assert PASSWORD not in keyfob(*add)
    assert "--password " not in keyfob("person", "add", "--help")


def test_password_is_asked_for_twice_on_a_terminal(add, keyfob, monkeypatch):
    asked = []

    def type_password(prompt):
        asked.append(prompt)
        return PASSWORD

    monkeypatch.setattr("sys.stdin", SimpleNamespace(isatty=lambda: True))
    monkeypatch.setattr("getpass.getpass", type_password)
    keyfob(*add[:-2])
    assert len(asked) == 2


def test_password_comes_from_standard_input_where_it_is_told(add, keyfob, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(PASSWORD.encode())))
    assert keyfob(*add[:-1], "-")


def test_no_terminal_and_no_file_is_a_mistake(add, mistake, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO(PASSWORD))
    assert "there is no terminal to ask on" in mistake(*add[:-2], status=2)


@pytest.mark.parametrize("written", [b"\xff\xfe", b"short", b""])
def test_bad_password_is_a_mistake_that_does_not_repeat_it(add, mistake, password_file, written):
    password_file.write_bytes(written)
    said = mistake(*add, status=2 if written.startswith(b"\xff") else 1)
    assert "short" not in said.replace("--password-file", "")


def test_other_password_is_taken(add, keyfob, mistake, password_file):
    keyfob(*add)
    password_file.write_text("another phrase of hers")
    assert keyfob("person", "password", "alice", "--password-file", password_file) == ""
    said = mistake("person", "password", "bob", "--password-file", password_file)
    assert said == "keyfob: there is no person called 'bob'\n"


def test_mistakes_say_what_to_do(add, keyfob, mistake):
    keyfob(*add)
    assert "there is a person called 'alice' already" in mistake(*add)
    other = ["bob" if word == "alice" else word for word in add]
    assert "token 'KF-1' is another person's" in mistake(*other)
    assert "there is no role 'king'" in mistake(*["king" if word == "admin" else word for word in other])
    assert "a serial has" in mistake(*["K 1" if word == "KF-1" else word for word in other])
