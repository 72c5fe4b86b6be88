import os
import stat
import subprocess
import sys

import pytest

from keyfob.durable import create_file, replace_file

OVER_THE_LIMIT = """
import resource, signal, sys
from pathlib import Path
from keyfob import durable
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
try:
    getattr(durable, sys.argv[1])(Path(sys.argv[2]), bytes(200))
except OSError as error:
    print(error.errno)
"""


@pytest.mark.parametrize("write", [create_file, replace_file])
def test_new_file_is_there_whole_and_for_its_owner_alone(tmp_path, write):
    mask = os.umask(0)
    try:
        write(tmp_path / "a", b"content")
    finally:
        os.umask(mask)
    assert (tmp_path / "a").read_bytes() == b"content"
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o600
    assert [file.name for file in tmp_path.iterdir()] == ["a"]


def test_existing_file_is_not_created_again(tmp_path):
    (tmp_path / "a").write_bytes(b"old")
    with pytest.raises(FileExistsError):
        create_file(tmp_path / "a", b"new")
    assert (tmp_path / "a").read_bytes() == b"old"
    assert [file.name for file in tmp_path.iterdir()] == ["a"]


def test_link_to_nowhere_is_not_followed_by_a_creation(tmp_path):
    (tmp_path / "a").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(FileExistsError):
        create_file(tmp_path / "a", b"new")
    assert not (tmp_path / "elsewhere").exists()


def test_existing_file_is_replaced_for_new_readers_only(tmp_path):
    (tmp_path / "a").write_bytes(b"old")
    with (tmp_path / "a").open("rb") as reader:
        replace_file(tmp_path / "a", b"new")
        assert reader.read() == b"old"
    assert (tmp_path / "a").read_bytes() == b"new"
    assert [file.name for file in tmp_path.iterdir()] == ["a"]


@pytest.mark.parametrize("write", ["create_file", "replace_file"])
def test_write_that_finds_no_room_leaves_nothing_behind(tmp_path, write):
    """The limit on a file's size stands for a full disk: the kernel cuts the write short in both cases."""
    (tmp_path / "old").write_bytes(b"old")
    target = tmp_path / {"create_file": "new", "replace_file": "old"}[write]
    outcome = subprocess.run(
        [sys.executable, "-c", OVER_THE_LIMIT, write, target], capture_output=True, text=True, check=True
    )
    assert outcome.stdout.strip().isdecimal()
    assert [file.name for file in tmp_path.iterdir()] == ["old"]
    assert (tmp_path / "old").read_bytes() == b"old"
