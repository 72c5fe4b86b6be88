"""What the simulated fob's tests share."""

import io

import pytest

from fob_samples import NOON, SECRET, URI, picture_of, steady, tells
from keyfob.cli import main
from keyfob.clock import VirtualClock
from keyfob.seed import SealingKey
from keyfob_firmware.fob import Fob
from keyfob_firmware.state import FobState


@pytest.fixture
def key():
    return SealingKey("test", bytes(range(32)))


@pytest.fixture
def clock():
    return VirtualClock(NOON)


@pytest.fixture
def blank_fob(key, clock):
    return Fob(FobState.new("KF00000001", steady()), key, clock)


@pytest.fixture
def fob(blank_fob):
    blank_fob.provision(URI)
    return blank_fob


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A home of its own for each test, with the fobs and the key where the options say."""
    monkeypatch.setenv("KEYFOB_FOB_DIR", str(tmp_path / "fobs"))
    monkeypatch.setenv("KEYFOB_FOB_KEY", str(tmp_path / "keys" / "fob.key"))
    return tmp_path


@pytest.fixture
def run(capsys, home):
    """Runs `keyfob fob …`; gives the exit status and what was written to standard output and error."""

    def run(*arguments):
        status = main(["fob", *map(str, arguments)])
        return status, *capsys.readouterr()

    return run


@pytest.fixture
def ok(run):
    """Runs `keyfob fob …`, which must go well, and gives its output."""

    def ok(*arguments):
        status, out, err = run(*arguments)
        assert (status, err) == (0, "")
        return out

    return ok


@pytest.fixture
def refused(run):
    """Runs `keyfob fob …`, which must be a mistake, and gives the one line that says so."""

    def refused(*arguments, status=1):
        found, out, err = run(*arguments)
        assert (found, out) == (status, "")
        assert err.startswith("keyfob: ")
        assert err.count("\n") == 1
        assert "Traceback" not in err
        assert not tells(err, SECRET)
        return err

    return refused


@pytest.fixture
def stdin(monkeypatch):
    """Makes these bytes the standard input."""
    return lambda content: monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(content)))


@pytest.fixture
def picture(home):
    path = home / "code.png"
    path.write_bytes(picture_of(URI))
    return path
