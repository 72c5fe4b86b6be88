"""`keyfob fob fleet …`, run in this process through the same `main` that the console script calls."""

import json
import stat

import pyotp
import pytest

from fob_samples import NOON, tells
from keyfob.cli import main
from keyfob.formats.fleet_seeds import read_seed_file

SPEC = "[pin]\nshare = 0.5\n[credential]\naccount = 'user {number}'\n"


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("KEYFOB_FOB_KEY", str(tmp_path / "keys" / "fob.key"))
    (tmp_path / "fleets").mkdir()
    (tmp_path / "fleet.toml").write_text(SPEC)
    return tmp_path


@pytest.fixture
def run(capsys, home):
    def run(*arguments):
        status = main(["fob", "fleet", *map(str, arguments)])
        return status, *capsys.readouterr()

    return run


@pytest.fixture
def fleet(home, run):
    """A fleet of twelve, its seed file's records, and all that was printed."""
    path, seeds = home / "fleets" / "fleet", home / "seeds.csv"
    status, out, err = run(
        "new",
        path,
        "--count",
        12,
        "--spec",
        home / "fleet.toml",
        "--seeds",
        seeds,
        "--random-seed",
        1,
        "--at",
        NOON,
    )
    assert (status, err) == (0, "")
    return path, list(read_seed_file(seeds.read_text())), out


def test_fobs_show_the_codes_of_the_seed_file(fleet, run):
    path, records, out = fleet
    assert {record.pin is None for record in records} == {True, False}
    for record in records:
        pin = () if record.pin is None else ("--pin", record.pin)
        status, code, err = run("press", record.serial, "--fleet", path, "--at", NOON + 1, *pin)
        assert (status, err) == (0, "")
        secret = record.carried.seed.reveal()
        assert code == f"{pyotp.TOTP(record.carried.seed.to_base32()).at(int(NOON))}\n"
        shown = run("show", record.serial, "--fleet", path, "--at", NOON)[1]
        listed = run("list", path, "--json", "--at", NOON)[1]
        for text in (out, code, shown, listed, path.read_bytes().decode("latin-1")):
            assert not tells(text, secret)


def test_pin_that_is_asked_for_and_wrong_or_missing_gives_no_code(fleet, run):
    path, records, _ = fleet
    serial, pin = next((record.serial, record.pin) for record in records if record.pin)
    wrong = "9753" if pin != "9753" else "3579"
    for extra in ((), ("--pin", wrong)):
        status, out, err = run("press", serial, "--fleet", path, "--at", NOON, *extra)
        assert (status, out) == (1, "")
        assert err.startswith(f"keyfob: fob {serial} shows no code")
        assert wrong not in err


def test_list_and_show_speak_of_the_same_fobs(fleet, run):
    path, records, _ = fleet
    rows = json.loads(run("list", path, "--limit", 5, "--json", "--at", NOON)[1])
    assert [row["serial"] for row in rows] == [record.serial for record in records[:5]]
    assert rows[0]["account"] == "user 1"
    shown = json.loads(run("show", rows[0]["serial"], "--fleet", path, "--json", "--at", NOON)[1])
    assert {key: shown[key] for key in rows[0]} == rows[0]


def test_same_number_makes_the_same_seed_file(home, fleet, run):
    again = home / "again.csv"
    status, _, err = run(
        "new",
        home / "fleets" / "again",
        "--count",
        12,
        "--spec",
        home / "fleet.toml",
        "--seeds",
        again,
        "--random-seed",
        1,
        "--at",
        NOON,
    )
    assert (status, err) == (0, "")
    assert again.read_text() == (home / "seeds.csv").read_text()
    assert stat.S_IMODE(again.stat().st_mode) == 0o600


def test_two_fleets_without_a_number_share_no_seed(home, run):
    seeds = []
    for name in ("a", "b"):
        run("new", home / "fleets" / name, "--count", 5, "--seeds", home / f"{name}.csv")
        seeds += [
            record.carried.seed.reveal() for record in read_seed_file((home / f"{name}.csv").read_text())
        ]
    assert len(set(seeds)) == 10


@pytest.mark.parametrize("taken", ["fleets/new", "new.csv"])
def test_file_that_exists_is_kept_and_nothing_is_made(home, run, taken):
    (home / taken).write_text("mine")
    status, out, err = run("new", home / "fleets" / "new", "--seeds", home / "new.csv")
    assert (status, out) == (1, "")
    assert "exists already" in err
    assert (home / taken).read_text() == "mine"
    assert sum((home / name).exists() for name in ("fleets/new", "new.csv")) == 1


def test_seed_file_that_cannot_be_written_leaves_no_fleet(home, run):
    status, out, err = run("new", home / "fleets" / "new", "--seeds", home / "nowhere" / "new.csv")
    assert (status, out, err.count("\n")) == (1, "", 1)
    assert not (home / "fleets" / "new").exists()


@pytest.mark.parametrize("content", [b"[crystal]\ngrade_ppm = -1", b"\xff", b"[["])
def test_mistake_in_the_specification_is_one_line(home, run, content):
    (home / "fleet.toml").write_bytes(content)
    status, out, err = run("new", home / "fleets" / "new", "--spec", home / "fleet.toml")
    assert (status, out, err.count("\n")) == (1, "", 1)
    assert err.startswith("keyfob: ")
    assert not (home / "fleets" / "new").exists()
