import json
import os
import stat

import pytest

from keyfob.key_file import (
    KeyFileDamagedError,
    KeyFileExistsError,
    KeyFileExposedError,
    KeyFileInaccessibleError,
    KeyFileMissingError,
    KeyFileNotApartError,
    create_key_file,
    read_key_file,
    require_apart,
)
from keyfob.seed import SealingKey

SECRET = bytes(range(100, 132))


@pytest.fixture
def key():
    return SealingKey("0123456789abcdef", SECRET)


@pytest.fixture
def path(tmp_path, key):
    path = tmp_path / "keys" / "a.key"
    create_key_file(path, key, tmp_path / "sealed")
    return path


def test_key_comes_back_as_it_was_written(path, key):
    found = read_key_file(path)
    assert found == key
    assert found.key_id == key.key_id


def test_file_and_its_directory_are_for_their_owner_alone(tmp_path, key):
    mask = os.umask(0)
    try:
        create_key_file(tmp_path / "keys" / "a.key", key, None)
    finally:
        os.umask(mask)
    assert stat.S_IMODE((tmp_path / "keys").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "keys" / "a.key").stat().st_mode) == 0o600
    assert [file.name for file in (tmp_path / "keys").iterdir()] == ["a.key"]


def test_existing_key_is_kept(path):
    before = path.read_bytes()
    with pytest.raises(KeyFileExistsError, match="name another"):
        create_key_file(path, SealingKey.generate(), None)
    assert path.read_bytes() == before


@pytest.mark.parametrize("place", ["a.key", "deeper/a.key", "../sealed/a.key", "../link/a.key"])
def test_key_is_not_put_with_what_it_seals(tmp_path, key, place):
    sealed = tmp_path / "sealed"
    sealed.mkdir()
    (tmp_path / "link").symlink_to(sealed)
    with pytest.raises(KeyFileNotApartError, match="choose another directory"):
        create_key_file(sealed / place, key, sealed)
    with pytest.raises(KeyFileNotApartError):
        require_apart(tmp_path / "link" / "a.key", sealed)
    assert list(sealed.iterdir()) == []


@pytest.mark.parametrize("place", ["a.key", "sealed.key", "sealed2/a.key", "sealed/../a.key"])
def test_key_above_or_beside_the_directory_is_apart(tmp_path, key, place):
    (tmp_path / "sealed").mkdir()
    create_key_file(tmp_path / place, key, tmp_path / "sealed")
    assert read_key_file(tmp_path / place) == key


def test_missing_file_is_said_to_be(tmp_path):
    with pytest.raises(KeyFileMissingError, match="restore it"):
        read_key_file(tmp_path / "a.key")


@pytest.mark.parametrize("mode", [0o640, 0o620, 0o604, 0o602, 0o601, 0o777])
def test_key_that_others_can_reach_is_refused(path, mode):
    path.chmod(mode)
    with pytest.raises(KeyFileExposedError, match="chmod 600") as caught:
        read_key_file(path)
    assert caught.value.mode == mode


def test_key_that_only_its_owner_reads_will_do(path, key):
    path.chmod(0o400)
    assert read_key_file(path) == key


def test_file_cut_short_anywhere_is_refused_and_left(path, assert_silent):
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(KeyFileDamagedError) as caught:
            read_key_file(path)
        assert path.read_bytes() == whole[:length]
    assert_silent(caught.value, SECRET)


@pytest.mark.parametrize(
    "change",
    [
        {"version": 2},
        {"format": "keyfob fob"},
        {"key": "AAAA"},
        {"key": 5},
        {"key": "ä" * 44},
        {"key_id": ""},
    ],
)
def test_file_that_says_something_else_is_refused(path, change):
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(KeyFileDamagedError):
        read_key_file(path)


@pytest.mark.parametrize("content", [b"[]", b"1", b"\xff\xfe", b"[" * 4096, b"{}" + b" " * 10_000])
def test_file_that_is_something_else_is_refused(path, content):
    path.write_bytes(content)
    with pytest.raises(KeyFileDamagedError):
        read_key_file(path)


def test_what_is_no_file_is_refused_without_waiting_for_it(tmp_path, key):
    os.mkfifo(tmp_path / "pipe", 0o600)
    (tmp_path / "directory").mkdir()
    for name in ("pipe", "directory"):
        with pytest.raises(KeyFileInaccessibleError):
            read_key_file(tmp_path / name)
    (tmp_path / "file").write_text("")
    with pytest.raises(KeyFileInaccessibleError):
        create_key_file(tmp_path / "file" / "a.key", key, None)


def test_refusals_tell_nothing_of_the_key(path, key, assert_silent):
    for use in (lambda: create_key_file(path, key, None), lambda: create_key_file(path, key, path.parent)):
        with pytest.raises((KeyFileExistsError, KeyFileNotApartError)) as caught:
            use()
        assert_silent(caught.value, SECRET)
