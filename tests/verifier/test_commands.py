"""The verifier's commands, as typed."""

import io
import re
import socket
import subprocess
import sys
import time

import pytest

from keyfob import totp
from keyfob.cli import main
from keyfob.qr import read_qr
from keyfob.uri import parse_uri


@pytest.fixture
def installed(places, keyfob):
    return keyfob("init")


def test_init_shows_a_key_once_and_says_where_things_are(installed, places):
    assert installed["api_key"].startswith("kf_")
    assert installed["kek"] == f"{places}/keys/kek.key"
    secret = installed["api_key"].split("_")[2]
    for path in places.rglob("*"):
        if path.is_file():
            assert secret.encode() not in path.read_bytes()
            assert bytes.fromhex(secret) not in path.read_bytes()


def test_second_init_is_refused(installed, mistake):
    assert "already" in mistake("init")


def test_key_file_beside_the_database_is_refused(places, mistake):
    assert "with what it seals" in mistake("init", "--kek", places / "data" / "kek.key")


def test_commands_without_an_installation_say_what_to_do(places, mistake):
    for command in (["token", "list"], ["token", "show", "X"], ["serve"], ["validate", "X", "123456"]):
        assert "keyfob init" in mistake(*command)


def test_token_from_enrolment_to_revocation(installed, keyfob, places, capsys):
    enrolled = keyfob("token", "enrol", "alice", "--serial", "A-1", "--qr", places / "a.png")
    assert read_qr(places / "a.png") == enrolled["uri"]
    assert (places / "a.png").stat().st_mode & 0o077 == 0
    seed = parse_uri(enrolled["uri"]).seed.reveal()
    now = time.time()
    assert keyfob("token", "activate", "A-1", totp(seed, now))["answer"] == "accepted"
    assert keyfob("validate", "A-1", totp(seed, now), status=1) == {"answer": "refused", "reason": "replayed"}
    shown = keyfob("token", "show", "A-1")
    assert shown["status"] == "active"
    assert shown["drift_offset_sd_s"] > 0
    assert [row["serial"] for row in keyfob("token", "list")] == ["A-1"]
    assert keyfob("token", "revoke", "A-1")["status"] == "revoked"
    assert keyfob("validate", "A-1", totp(seed, now), status=1)["reason"] == "not-active"


def test_validate_accepts_the_next_code(installed, keyfob):
    seed = parse_uri(
        keyfob("token", "enrol", "alice", "--serial", "A-1", "--time-step-s", "1")["uri"]
    ).seed.reveal()
    step = int(time.time())
    code = keyfob("token", "show", "A-1")
    from keyfob import Parameters

    parameters = Parameters(time_step_s=1)
    assert keyfob("token", "activate", "A-1", totp(seed, step, parameters))["answer"] == "accepted"
    time.sleep(1.1)
    assert keyfob("validate", "A-1", totp(seed, time.time(), parameters))["answer"] == "accepted"
    assert code["last_used_step"] is None


def test_resync_by_two_codes(installed, keyfob):
    seed = parse_uri(keyfob("token", "enrol", "alice", "--serial", "A-1")["uri"]).seed.reveal()
    now = time.time()
    keyfob("token", "activate", "A-1", totp(seed, now))
    found = keyfob("token", "resync", "A-1", totp(seed, now + 120), totp(seed, now + 150))
    assert found == {"answer": "accepted", "reason": "accepted"}


def test_factory_seed_is_read_from_a_file(installed, keyfob, places):
    (places / "seed.txt").write_text("gezd gnbv gy3t qojq gezd gnbv gy3t qojq\n")
    enrolled = keyfob("token", "enrol", "alice", "--seed-file", places / "seed.txt")
    assert parse_uri(enrolled["uri"]).seed.reveal() == b"12345678901234567890"


@pytest.mark.parametrize("content", [b"", b"ME", b"A" * 2**20, b"0189!", b"\x00\xff"])
def test_bad_seed_is_refused_without_repeating_it(installed, places, mistake, content):
    (places / "seed.txt").write_bytes(content)
    complaint = mistake("token", "enrol", "alice", "--seed-file", places / "seed.txt")
    assert "not a usable seed" in complaint
    assert not content or repr(content)[2:-1] not in complaint


def test_people_see_a_qr_code_and_what_to_do_next(installed, capsys):
    assert main(["token", "enrol", "alice", "--serial", "A-1"]) == 0
    printed = capsys.readouterr().out
    assert "otpauth://totp/keyfob:alice?" in printed.replace("\n", "")
    assert "█" in printed
    assert "keyfob token activate A-1 CODE" in printed


def test_mistakes_get_one_line(installed, places, mistake):
    assert "there is no token" in mistake("token", "show", "NOBODY")
    assert ".png or .svg" in mistake("token", "enrol", "alice", "--qr", places / "a.gif", status=2)
    (places / "there.png").touch()
    assert "exists already" in mistake("token", "enrol", "alice", "--qr", places / "there.png", status=2)
    assert "serial" in mistake("token", "enrol", "alice", "--serial", "a b")
    assert "credible" in mistake("serve", "--policy", "no-such", status=2)
    assert "database URL" in mistake("token", "list", "--database-url", "mysql://x:sesame@y/z")


def test_qr_that_cannot_be_written_enrols_nothing(installed, keyfob, places, mistake):
    assert "no directory" in mistake(
        "token", "enrol", "alice", "--qr", places / "nowhere" / "a.png", status=2
    )
    assert keyfob("token", "list") == []


def test_code_may_be_typed_in_two_parts(installed, keyfob):
    seed = parse_uri(keyfob("token", "enrol", "alice", "--serial", "A-1")["uri"]).seed.reveal()
    code = totp(seed, time.time())
    assert keyfob("token", "activate", "A-1", code[:3], code[3:])["answer"] == "accepted"
    assert keyfob("validate", "A-1", code[:3], code[3:], status=1)["reason"] == "replayed"


def test_database_that_cannot_be_reached_is_named_without_its_password(places, mistake):
    complaint = mistake("token", "list", "--database-url", "postgresql://me:sesame@127.0.0.1:1/keyfob")
    assert "refused" in complaint
    assert "sesame" not in complaint


def test_failed_init_leaves_no_database(places, installed, mistake):
    assert "name another file" in mistake("init", "--database-url", f"sqlite:///{places}/other/verifier.db")
    assert not (places / "other").exists()


def test_another_api_key_is_made_and_shown_once(installed, keyfob, places):
    made = keyfob("api-key", "create", "portal")
    assert re.fullmatch("kf_[0-9a-f]{12}_[0-9a-f]{64}", made["api_key"])
    assert made["api_key"] != installed["api_key"]


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://u:pa@ss:sesame@h/db",
        "postgresql://h:sesame/db",
        "postgresql://u@127.0.0.1:1/db?password=sesame",
    ],
)
def test_password_in_a_mistyped_url_is_not_repeated(places, mistake, url):
    assert "sesame" not in mistake("token", "list", "--database-url", url)


def test_serial_that_cannot_be_one_is_named(installed, mistake):
    assert "1 to 64 letters" in mistake("validate", "a b", "123456")
    assert "1 to 64 letters" in mistake("token", "show", "x" * 65)


def test_revocation_is_confirmed_on_a_terminal(installed, keyfob, monkeypatch, capsys):
    keyfob("token", "enrol", "alice", "--serial", "A-1")
    terminal = io.StringIO("n\n")
    terminal.isatty = lambda: True
    monkeypatch.setattr(sys, "stdin", terminal)
    assert main(["token", "revoke", "A-1"]) == 130
    assert keyfob("token", "show", "A-1")["status"] == "pending"
    assert keyfob("token", "revoke", "A-1", "--yes")["status"] == "revoked"


def test_port_in_use_is_named(installed, mistake):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert f"port {port}" in mistake("serve", "--port", port)


def test_test_clock_needs_loopback_and_a_test_database(installed, places, mistake):
    assert "loopback" in mistake("serve", "--test-clock", "1.8e9", "--host", "0.0.0.0")
    assert "loopback" in mistake("serve", "--test-clock", "1.8e9", "--host", "example.org")
    assert "init --test" in mistake("serve", "--test-clock", "1.8e9")


def test_normal_start_refuses_a_test_database(places, keyfob, mistake):
    keyfob("init", "--test")
    assert "--test-clock" in mistake("serve")
    assert "--test-clock" in mistake("token", "list")


def test_missing_extra_is_named(places):
    """As on a machine with the base install alone: the server's libraries cannot be found."""
    program = (
        "import sys\n"
        "for name in ('sqlalchemy', 'fastapi', 'alembic'): sys.modules[name] = None\n"
        "from keyfob.cli import main\n"
        "sys.exit(main(['serve']))\n"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert ran.returncode == 1
    assert "pip install 'keyfob[server]'" in ran.stderr
    assert "Traceback" not in ran.stderr
