import base64
import json
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given

from fob_samples import NOON, SECRET, fobs, steady, tells
from keyfob.clock import VirtualClock
from keyfob.errors import KeyfobError
from keyfob.seed import SealingKey
from keyfob_firmware.errors import (
    FobExistsError,
    FobFileDamagedError,
    FobFileInaccessibleError,
    FobFileVersionError,
    FobMissingError,
    ForeignFobKeyError,
    InvalidFobNameError,
    NoCodeError,
    NotAFobFileError,
)
from keyfob_firmware.fob import Fob
from keyfob_firmware.fob_file import FobFolder
from keyfob_firmware.state import FobState

KEPT = Path(__file__).with_name("desk_v1.fob")
"""A fob of format version 1, sealed with the `key` of these tests: no later keyfob may fail to read it."""

PRESSING = f"""
import sys
from pathlib import Path
from keyfob.clock import VirtualClock
from keyfob.seed import SealingKey
from keyfob_firmware.fob_file import FobFolder

folder, key, clock = FobFolder(Path(sys.argv[1])), SealingKey("test", bytes(range(32))), VirtualClock({NOON})
print("ready", flush=True)
sys.stdin.readline()
for _ in range(int(sys.argv[2])):
    with folder.in_hand("desk", key, clock) as fob:
        fob.press()
    print(fob.state.presses, flush=True)
"""


@pytest.fixture
def folder(tmp_path, fob):
    folder = FobFolder(tmp_path / "fobs")
    folder.add("desk", fob.state)
    return folder


def pressing(folder, times):
    process = subprocess.Popen(
        [sys.executable, "-c", PRESSING, folder.path, str(times)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == "ready\n"
    return process


@given(fobs())
def test_fob_comes_back_as_it_was_kept(tmp_path_factory, made):
    fob, key, clock, secret = made
    folder = FobFolder(tmp_path_factory.mktemp("fobs"))
    folder.add("desk", fob.state)
    kept = folder.read("desk")
    assert kept == fob.state
    assert Fob(kept, key, clock).now() == fob.now()
    assert not tells(folder.file("desk").read_text(), secret)


def test_fob_from_the_first_format_is_read(tmp_path, key):
    folder = FobFolder(tmp_path)
    folder.file("desk").write_bytes(KEPT.read_bytes())
    with folder.in_hand("desk", key, VirtualClock(NOON + 86_400.0)) as fob:
        reading = fob.press()
    assert (reading.code, reading.step) == ("24189837", 29_455_897)
    assert fob.state.presses == 3


def test_press_is_kept(folder, key, clock):
    with folder.in_hand("desk", key, clock) as fob:
        reading = fob.press()
    with folder.in_hand("desk", key, clock) as again:
        assert again.display() == reading
    assert folder.read("desk").presses == 1


def test_press_is_kept_whatever_is_done_about_its_code(folder, key, clock):
    with pytest.raises(ZeroDivisionError), folder.in_hand("desk", key, clock) as fob:  # noqa: PT012 - both count
        fob.press()
        raise ZeroDivisionError
    assert folder.read("desk").presses == 1


def test_fob_that_was_only_looked_at_is_not_written(folder, key, clock):
    before = folder.file("desk").stat().st_ino
    with folder.in_hand("desk", key, clock) as fob:
        fob.display()
    assert folder.file("desk").stat().st_ino == before


def test_reset_forgets_the_seed(folder):
    folder.reset("desk")
    assert folder.read("desk").credential is None
    assert "sealed" not in folder.file("desk").read_text()


def test_names_are_those_of_the_fobs(folder, fob):
    folder.add("Bob.2", fob.state)
    for clutter in (".desk.fob.x1", "notes.txt", "no name.fob"):
        (folder.path / clutter).write_text("")
    assert folder.names() == ["Bob.2", "desk"]


def test_no_folder_means_no_fobs(tmp_path):
    assert FobFolder(tmp_path / "nowhere").names() == []


def test_files_are_for_their_owner_alone(tmp_path, fob, key, clock):
    folder = FobFolder(tmp_path / "a" / "fobs")
    mask = os.umask(0)
    try:
        folder.add("desk", fob.state)
        with folder.in_hand("desk", key, clock) as used:
            used.press()
    finally:
        os.umask(mask)
    assert stat.S_IMODE(folder.path.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in folder.path.iterdir()} == {0o600}
    assert sorted(file.name for file in folder.path.iterdir()) == [".lock", "desk.fob"]


@pytest.mark.parametrize(
    "name", ["", ".", "..", "../desk", "a/b", ".desk", "-x", "a b", "ä", "x\n", "x" * 65]
)
def test_name_that_is_none_for_a_file_is_refused(folder, fob, key, clock, name):
    for use in (folder.read, folder.reset, folder.require_free, lambda name: folder.add(name, fob.state)):
        with pytest.raises(InvalidFobNameError):
            use(name)
    with pytest.raises(InvalidFobNameError), folder.in_hand(name, key, clock):
        pass


def test_missing_fob_is_said_to_be(folder, key, clock):
    for use in (folder.read, folder.reset):
        with pytest.raises(FobMissingError, match="keyfob fob new pocket"):
            use("pocket")
    with pytest.raises(FobMissingError), folder.in_hand("pocket", key, clock):
        pass
    with pytest.raises(FobMissingError):
        FobFolder(folder.path / "nowhere").reset("desk")


def test_fob_of_the_same_name_is_not_overwritten(folder):
    before = folder.file("desk").read_bytes()
    other = FobState.new("KF00000002", steady())
    with pytest.raises(FobExistsError):
        folder.add("desk", other)
    with pytest.raises(FobExistsError):
        folder.require_free("desk")
    assert folder.file("desk").read_bytes() == before


def test_file_cut_short_anywhere_is_refused_and_left(folder, key, clock):
    path = folder.file("desk")
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(FobFileDamagedError) as caught, folder.in_hand("desk", key, clock):
            pass
        with pytest.raises(FobFileDamagedError):
            folder.reset("desk")
        assert path.read_bytes() == whole[:length]
    assert caught.value.path == path
    assert str(path) in str(caught.value)


def test_one_flipped_bit_in_any_byte_is_one_of_our_errors_or_harmless(folder, key, clock):
    path = folder.file("desk")
    whole = path.read_bytes()
    refusals = []
    for position in range(len(whole)):
        altered = bytearray(whole)
        altered[position] ^= 1 << position % 8
        path.write_bytes(altered)
        try:
            Fob(folder.read("desk"), key, clock).press()
        except KeyfobError as error:
            refusals.append(str(error))
    assert len(refusals) > len(whole) // 2
    assert not any(tells(refusal, SECRET) for refusal in refusals)


def test_flipped_byte_of_the_kept_memory_is_an_error_on_the_display(folder, key, clock):
    path = folder.file("desk")
    document = json.loads(path.read_text())
    memory = bytearray(base64.urlsafe_b64decode(document["fob"]["memory"]))
    memory[-3] ^= 1
    document["fob"]["memory"] = base64.urlsafe_b64encode(memory).decode()
    path.write_text(json.dumps(document))
    with pytest.raises(NoCodeError, match="recovery"), folder.in_hand("desk", key, clock) as fob:
        fob.press()


def test_another_keys_fob_is_refused_and_the_file_left(folder, clock):
    before = folder.file("desk").read_bytes()
    stranger = SealingKey("other", bytes(32))
    with pytest.raises(ForeignFobKeyError), folder.in_hand("desk", stranger, clock) as fob:
        fob.press()
    assert folder.file("desk").read_bytes() == before


@pytest.mark.parametrize("version", [0, 3, "1", None])
def test_other_format_version_is_refused_and_left(folder, key, clock, version):
    path = folder.file("desk")
    document = json.loads(path.read_text()) | {"version": version, "novelty": 1}
    path.write_text(json.dumps(document))
    with pytest.raises(FobFileVersionError, match="use a newer keyfob") as caught:
        folder.read("desk")
    assert (caught.value.found, caught.value.known) == (version, 2)
    with pytest.raises(FobFileVersionError):
        folder.reset("desk")
    assert json.loads(path.read_text()) == document


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"{}", NotAFobFileError),
        (b"[1]", NotAFobFileError),
        (b'{"format": "keyfob key", "version": 1}', NotAFobFileError),
        (b"\x89PNG\r\n\x1a\n", FobFileDamagedError),
        (b"[" * 100_000, FobFileDamagedError),
        (b" " * 2_000_000, NotAFobFileError),
        (b'{"format": "keyfob fob", "version": 1}', FobFileDamagedError),
        (b'{"format": "keyfob fob", "version": 2}', FobFileDamagedError),
        (b'{"format": "keyfob fob", "version": 1, "fob": NaN}', FobFileDamagedError),
    ],
    ids=["object", "list", "key", "picture", "deep", "huge", "headless", "headless-2", "not-a-number"],
)
def test_something_else_in_a_fobs_place_is_refused_and_left(folder, content, error):
    path = folder.file("desk")
    path.write_bytes(content)
    for use in (folder.read, folder.reset):
        with pytest.raises(error):
            use("desk")
    assert path.read_bytes() == content


@pytest.mark.parametrize(
    ("written", "altered"),
    [
        ('"lit_s": 25.0', '"lit_s": "25"'),
        ('"mode": "idle"', '"mode": "happy"'),
        ('"used_uah": 0.0', '"used_uah": -1.0'),
        ('"tolerance_ppm": 0.0', '"tolerance_ppm": 1e999'),
        ('"presses": 0', '"presses": 0, "novelty": 1'),
        ('"serial": "KF00000001"', '"serial": "KF 1"'),
        ('"wander_seed": 0', '"wander_seed": -1'),
    ],
)
def test_impossible_figure_in_a_file_is_refused(folder, written, altered):
    path = folder.file("desk")
    content = path.read_text()
    assert written in content
    path.write_text(content.replace(written, altered))
    with pytest.raises(FobFileDamagedError):
        folder.read("desk")


def test_folder_in_a_fobs_place_is_refused(folder):
    (folder.path / "pocket.fob").mkdir()
    with pytest.raises(FobFileInaccessibleError, match="directory"):
        folder.read("pocket")


def test_file_in_the_folders_place_is_refused(tmp_path, fob):
    (tmp_path / "fobs").write_text("")
    for path in (tmp_path / "fobs", tmp_path / "fobs" / "deeper"):
        with pytest.raises(FobFileInaccessibleError):
            FobFolder(path).add("desk", fob.state)


def test_no_room_on_the_disk_keeps_the_fob_as_it_was(folder):
    """The limit on a file's size stands for a full disk: the kernel cuts the write short in both cases."""
    before = folder.file("desk").read_bytes()
    limit = (
        "import resource, signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN); "
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({len(before) // 2},) * 2)"
    )
    process = subprocess.run(
        [sys.executable, "-c", f"{limit}\n{PRESSING}", folder.path, "1"],
        input="\n",
        capture_output=True,
        text=True,
        check=False,
    )
    assert "FobFileInaccessibleError" in process.stderr
    assert folder.file("desk").read_bytes() == before
    assert sorted(file.name for file in folder.path.iterdir()) == [".lock", "desk.fob"]


def test_presses_at_once_are_all_counted(folder, soak_rounds):
    times = soak_rounds(25, 1000)
    processes = [pressing(folder, times) for _ in range(3)]
    for process in processes:
        process.stdin.write("\n")
        process.stdin.flush()
    counts = [int(line) for process in processes for line in process.communicate()[0].split()]
    assert sorted(counts) == list(range(1, 3 * times + 1))
    assert folder.read("desk").presses == 3 * times


def test_fob_killed_in_the_middle_of_its_work_loses_no_press_that_was_told(folder, soak_rounds):
    for kill_after in range(1, soak_rounds(4, 100)):
        before = folder.read("desk").presses
        process = pressing(folder, 10_000)
        process.stdin.write("\n")
        process.stdin.flush()
        for _ in range(kill_after):
            process.stdout.readline()
        process.send_signal(signal.SIGKILL)
        told = process.communicate()[0].split()
        last_told = int(told[-1]) if told else before + kill_after
        assert folder.read("desk").presses in {last_told, last_told + 1}
