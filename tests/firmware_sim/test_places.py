import stat
import threading

import pytest

from keyfob.key_file import KeyFileExposedError, KeyFileMissingError, KeyFileNotApartError, create_key_file
from keyfob.seed import SealingKey
from keyfob_firmware.places import default_fob_dir, default_fob_key, existing_key, ready_key


def test_fobs_and_their_key_have_places_apart(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    assert default_fob_dir() == tmp_path / "data/keyfob/fobs"
    assert default_fob_key() == tmp_path / "config/keyfob/keys/fob.key"


def test_missing_key_is_missed_where_one_is_needed(tmp_path):
    with pytest.raises(KeyFileMissingError):
        existing_key(tmp_path / "keys/fob.key", tmp_path / "fobs")
    assert list(tmp_path.iterdir()) == []


def test_missing_key_is_made_where_one_will_do_and_used_from_then_on(tmp_path):
    path, fobs = tmp_path / "keys/fob.key", tmp_path / "fobs"
    made = ready_key(path, fobs)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert ready_key(path, fobs) == made
    assert existing_key(path, fobs) == made


def test_key_that_others_can_read_is_not_replaced(tmp_path):
    path = tmp_path / "keys/fob.key"
    ready_key(path, tmp_path / "fobs")
    path.chmod(0o644)
    before = path.read_bytes()
    with pytest.raises(KeyFileExposedError):
        ready_key(path, tmp_path / "fobs")
    assert path.read_bytes() == before


def test_key_beside_the_fobs_is_neither_made_nor_used(tmp_path):
    with pytest.raises(KeyFileNotApartError):
        ready_key(tmp_path / "fob.key", tmp_path)
    assert list(tmp_path.iterdir()) == []
    create_key_file(tmp_path / "fob.key", SealingKey.generate(), apart_from=None)
    with pytest.raises(KeyFileNotApartError):
        existing_key(tmp_path / "fob.key", tmp_path)


def test_all_who_make_the_key_at_once_get_the_same(tmp_path, soak_rounds):
    for round_number in range(soak_rounds(5, 200)):
        path, keys, barrier = tmp_path / f"{round_number}/fob.key", [], threading.Barrier(8)

        def make(path=path, keys=keys, barrier=barrier):
            barrier.wait()
            keys.append(ready_key(path, tmp_path / "fobs"))

        threads = [threading.Thread(target=make) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(keys) == 8
        assert all(key == keys[0] for key in keys)
