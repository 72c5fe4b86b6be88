from pathlib import Path

import pytest

from keyfob import SealingKey
from keyfob.key_file import KeyFileExistsError, KeyFileMissingError, KeyFileNotApartError
from keyfob_verifier.keys.environment import to_text
from keyfob_verifier.keys.errors import InvalidKekSpecError, KekEnvironmentError, PinInUriError
from keyfob_verifier.keys.provider import open_kek, open_or_make_kek, prepare_kek, shown_kek

KEY = SealingKey("00" * 8, bytes(range(32)))


@pytest.fixture
def path(tmp_path):
    return tmp_path / "keys of mine" / "kek.key"


@pytest.mark.parametrize(
    "form", [lambda path: path, str, lambda path: f"file:{path}", lambda path: f"file://{path}"]
)
def test_file_is_named_by_its_path(path, form):
    made = prepare_kek(form(path), None)()
    assert open_kek(form(path)) == made
    assert path.stat().st_mode & 0o077 == 0
    assert Path(made.source.removeprefix("file:")) == path


def test_nothing_is_made_before_it_is_wanted(path):
    prepare_kek(path, None)
    assert not path.parent.exists()


def test_file_that_exists_is_not_replaced_but_can_be_rotated_to(path):
    made = prepare_kek(path, None)()
    with pytest.raises(KeyFileExistsError):
        prepare_kek(path, None)
    assert open_or_make_kek(path, None) == made


def test_file_in_the_databases_directory_is_refused(path):
    with pytest.raises(KeyFileNotApartError):
        prepare_kek(path, path.parent)
    with pytest.raises(KeyFileNotApartError):
        open_or_make_kek(path, path.parent.parent)


def test_missing_file_is_named(path):
    with pytest.raises(KeyFileMissingError):
        open_kek(path)


def test_variable_is_named_by_its_name(path):
    environment = {"MY_KEK": to_text(KEY)}
    for opened in (
        open_kek("env:MY_KEK", environment),
        prepare_kek("env:MY_KEK", None, environment)(),
        open_or_make_kek("env:MY_KEK", None, environment),
    ):
        assert (opened.kek_id, opened.source) == (KEY.key_id, "env:MY_KEK")
    with pytest.raises(KekEnvironmentError):
        prepare_kek("env:OTHER", None, environment)


@pytest.mark.parametrize("spec", ["", "file:"])
def test_nothing_is_no_name(spec):
    with pytest.raises(InvalidKekSpecError):
        open_kek(spec)


def test_pin_is_never_shown_nor_taken_from_the_uri():
    spec = "pkcs11:token=t;object=kek?module-path=/m.so&pin-value=1234"
    for ask in (
        shown_kek,
        open_kek,
        lambda spec: prepare_kek(spec, None),
        lambda spec: open_or_make_kek(spec, None),
    ):
        with pytest.raises(PinInUriError) as caught:
            ask(spec)
        assert "1234" not in str(caught.value)


def test_key_is_in_no_repr(path):
    made = prepare_kek(path, None)()
    assert made.key.reveal().hex() not in repr(made)
    assert repr(made.key.reveal())[2:-1] not in repr(made)
