"""What a bench keeps: all of it, whatever stops it."""

import sqlite3

import pytest

from fob_samples import NOON, SECRET, URI, steady
from keyfob.clock import VirtualClock
from keyfob.seed import SealingKey, Seed
from keyfob_firmware.bench.bench import Bench
from keyfob_firmware.bench.clock import Setting
from keyfob_firmware.bench.errors import (
    BenchFileInaccessibleError,
    BenchFileInUseError,
    NotABenchFileError,
    SerialTakenError,
    UnknownFobError,
)
from keyfob_firmware.bench.state_file import StateFile
from keyfob_firmware.errors import FobFileDamagedError, ForeignFobKeyError
from keyfob_firmware.fob import Fob
from keyfob_firmware.state import FobState


@pytest.fixture
def path(tmp_path):
    return tmp_path / "bench" / "bench.db"


@pytest.fixture
def counting(key, clock):
    """A fob whose codes come from a counter."""
    fob = Fob(FobState.new("KF1", steady()), key, clock)
    fob.program_counter(Seed(SECRET))
    return fob.state


class BreakableFile(StateFile):
    """A real file on a disk that can become full."""

    def fill_disk(self):
        pages = self._database.execute("PRAGMA page_count").fetchone()[0]
        self._database.execute(f"PRAGMA max_page_count = {pages}")


def press(bench):
    with bench.in_hand("KF1") as fob:
        return fob.press().code


def press_often(bench):
    for _ in range(200):
        press(bench)


def test_killed_bench_goes_on_where_it_was(start_bench):
    with start_bench() as first:
        first.http.put("/time", json={"mode": "standing"})
        first.http.post("/time/advance", json={"days": 3})
        for serial in ("B", "A"):
            first.http.post("/fobs", json={"serial": serial, "uri": URI, "drift_ppm": 30, "age_days": 100})
        shown = first.http.post("/fobs/A/press").json()
        fobs, time = first.http.get("/fobs").json(), first.http.get("/time").json()
        events = first.http.get("/fobs/A/events").json()
        first.kill()
    with start_bench() as second:
        assert second.http.get("/time").json() == time
        assert second.http.get("/fobs").json() == fobs
        assert second.http.get("/fobs/A/events").json() == events
        assert second.http.post("/fobs/A/press").json()["code"] == shown["code"]


def test_counter_never_goes_back_over_restarts(path, key, clock, counting):
    codes = []
    for _ in range(4):
        with StateFile(path) as file:
            bench = Bench(file, key, clock)
            if not codes:
                bench.make(counting)
            codes.append(press(bench))
            clock.advance(seconds=60)
    assert len(set(codes)) == 4


def test_press_that_cannot_be_kept_has_not_happened(path, key, clock, counting):
    with BreakableFile(path) as file:
        bench = Bench(file, key, clock)
        bench.make(counting)
        file.fill_disk()
        with pytest.raises(BenchFileInaccessibleError):
            press_often(bench)
        with bench.in_sight("KF1") as fob:
            assert [fob.state] == file.fobs()


def test_wrong_pin_is_counted_though_it_shows_no_code(path, key, clock):
    fob = Fob(FobState.new("KF1", steady()), key, clock)
    fob.set_pin("1234", attempts=3)
    fob.provision(URI)
    with StateFile(path) as file:
        Bench(file, key, clock).make(fob.state)
    for _ in range(3):
        with StateFile(path) as file, Bench(file, key, clock).in_hand("KF1") as fob:
            fob.hold()
            clock.advance(seconds=60)
            with pytest.raises(Exception, match="PIN"):
                fob.press()
            with pytest.raises(Exception, match="PIN"):
                fob.enter("0000")
    with StateFile(path) as file, Bench(file, key, clock).in_sight("KF1") as fob:
        assert fob.mode == "pin-blocked"


def test_two_benches_cannot_use_one_file(path):
    with StateFile(path), pytest.raises(BenchFileInUseError, match="--state"):
        StateFile(path)
    StateFile(path).close()


def test_running_time_and_standing_time_are_kept(path):
    for setting in (Setting(), Setting(ahead_s=0.1 + 86_400), Setting(stands_at=NOON + 0.3)):
        with StateFile(path) as file:
            file.keep_clock(setting)
        with StateFile(path) as file:
            assert file.clock() == setting


def test_dropped_fob_leaves_no_byte_in_the_file(path, key, clock, counting):
    with StateFile(path) as file:
        bench = Bench(file, key, clock)
        bench.make(counting)
        bench.drop("KF1")
        with pytest.raises(UnknownFobError):
            bench.drop("KF1")
    assert counting.fob_id.encode() not in path.read_bytes()


def test_serial_stands_for_one_fob(path, key, clock, counting):
    with StateFile(path) as file:
        bench = Bench(file, key, clock)
        bench.make(counting)
        with pytest.raises(SerialTakenError):
            bench.make(counting)


def test_seed_sealed_with_another_key_is_told_at_the_start(path, key, clock, counting):
    with StateFile(path) as file:
        Bench(file, key, clock).make(counting)
        with pytest.raises(ForeignFobKeyError):
            Bench(file, SealingKey("other", bytes(32)), clock)


@pytest.mark.parametrize(
    "content", [b"no database at all, but a text" * 100, b"SQLite format 3\0" + bytes(2000)]
)
def test_other_file_is_left_as_it_is(path, content):
    path.parent.mkdir()
    path.write_bytes(content)
    with pytest.raises(NotABenchFileError):
        StateFile(path)
    assert path.read_bytes() == content


def test_other_database_is_left_as_it_is(path):
    path.parent.mkdir()
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE mine (id)")
    other.close()
    content = path.read_bytes()
    with pytest.raises(NotABenchFileError):
        StateFile(path)
    assert path.read_bytes() == content


def test_altered_fob_is_told_at_the_start(path, key, clock, counting):
    with StateFile(path) as file:
        Bench(file, key, clock).make(counting)
    with sqlite3.connect(path) as database:
        database.execute("UPDATE fobs SET state = CAST('{}x' AS BLOB)")
    database.close()
    with StateFile(path) as file, pytest.raises(FobFileDamagedError):
        Bench(file, key, clock)


def test_folder_in_the_files_place_is_told(tmp_path):
    with pytest.raises(BenchFileInaccessibleError):
        StateFile(tmp_path)


def test_time_that_cannot_be_kept_is_not_moved(path, key):
    with StateFile(path) as file:
        bench = Bench(file, key, VirtualClock(NOON))
        file.close()
        with pytest.raises(BenchFileInaccessibleError):
            bench.advance(60.0)
        assert bench.now() == NOON
