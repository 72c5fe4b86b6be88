import stat

import pytest
from sqlalchemy import text

from databases import connected
from hsm import hsm, softhsm  # noqa: F401  fixtures
from keyfob import SealingKey
from keyfob.key_file import (
    KeyFileExistsError,
    KeyFileExposedError,
    KeyFileMissingError,
    KeyFileNotApartError,
    create_key_file,
    read_key_file,
)
from keyfob_verifier.errors import (
    DatabaseExistsError,
    DatabaseMissingError,
    UnauthorizedError,
    UnknownSchemaError,
    WrongPurposeError,
)
from keyfob_verifier.keys.environment import to_text
from keyfob_verifier.keys.errors import HsmKeyError, KekEnvironmentError, KekMissingError, WrongKekError
from keyfob_verifier.records import Purpose
from keyfob_verifier.service.api_keys import authenticate
from keyfob_verifier.service.installation import DEFAULT_TENANT, initialise, open_installation


def open_for(purpose, database_url, kek_path, clock):
    return open_installation(database_url, kek_path, purpose, clock)


def test_first_api_key_is_good_and_nothing_else_is(context, api_key):
    with context.store.read() as transaction:
        assert authenticate(transaction, api_key).caller.tenant_id == DEFAULT_TENANT
        for other in ("", "kf_", api_key[:-1], api_key[:-1] + "g", api_key.upper(), api_key + "0"):
            with pytest.raises(UnauthorizedError):
                authenticate(transaction, other)
        flipped = api_key[:-1] + ("0" if api_key[-1] != "0" else "1")
        with pytest.raises(UnauthorizedError):
            authenticate(transaction, flipped)


def test_api_key_is_stored_as_a_hash_only(database_url, api_key, tmp_path):
    _, key_id, secret = api_key.split("_")
    with connected(database_url) as connection:
        row = connection.execute(text("SELECT * FROM api_keys")).one()
    assert row.id == key_id
    assert bytes.fromhex(secret) not in bytes(row.secret_sha256)
    assert len(row.secret_sha256) == 32


def test_key_file_is_for_its_owner_alone(kek_path, api_key):
    assert stat.S_IMODE(kek_path.stat().st_mode) == 0o600


def test_second_initialisation_is_refused_and_changes_nothing(
    database_url, kek_path, clock, api_key, tmp_path
):
    with pytest.raises(DatabaseExistsError):
        initialise(database_url, tmp_path / "other" / "kek.key", Purpose.PRODUCTION, clock)
    assert not (tmp_path / "other" / "kek.key").exists()
    open_for(Purpose.PRODUCTION, database_url, kek_path, clock).store.close()


def test_existing_key_file_is_never_overwritten_and_no_database_is_left(database_url, kek_path, clock):
    create_key_file(kek_path, SealingKey.generate(), apart_from=None)
    before = kek_path.read_bytes()
    with pytest.raises(KeyFileExistsError):
        initialise(database_url, kek_path, Purpose.PRODUCTION, clock)
    assert kek_path.read_bytes() == before
    with pytest.raises(DatabaseMissingError):
        open_for(Purpose.PRODUCTION, database_url, kek_path, clock)


def test_key_file_in_the_databases_directory_is_refused(tmp_path, clock):
    url = f"sqlite:///{tmp_path}/data/verifier.db"
    with pytest.raises(KeyFileNotApartError):
        initialise(url, tmp_path / "data" / "kek.key", Purpose.PRODUCTION, clock)
    initialise(url, tmp_path / "keys" / "kek.key", Purpose.PRODUCTION, clock)


def test_missing_and_exposed_key_files_are_named(database_url, kek_path, clock, api_key):
    kek_path.chmod(0o644)
    with pytest.raises(KeyFileExposedError):
        open_for(Purpose.PRODUCTION, database_url, kek_path, clock)
    kek_path.unlink()
    with pytest.raises(KeyFileMissingError):
        open_for(Purpose.PRODUCTION, database_url, kek_path, clock)


def test_lost_kek_is_an_error_at_the_start_that_names_it(database_url, kek_path, clock, api_key, tmp_path):
    lost = read_key_file(kek_path).key_id
    create_key_file(tmp_path / "other.key", SealingKey.generate(), apart_from=None)
    with pytest.raises(KekMissingError) as caught:
        open_for(Purpose.PRODUCTION, database_url, tmp_path / "other.key", clock)
    assert caught.value.kek_ids == (lost,)
    assert "--kek" in str(caught.value)


def test_wrong_kek_of_the_right_id_is_an_error_at_the_start(database_url, kek_path, clock, api_key, tmp_path):
    wrong = SealingKey(read_key_file(kek_path).key_id, bytes(32))
    create_key_file(tmp_path / "wrong.key", wrong, apart_from=None)
    with pytest.raises(WrongKekError) as caught:
        open_for(Purpose.PRODUCTION, database_url, tmp_path / "wrong.key", clock)
    assert caught.value.kek_id == wrong.key_id


def test_older_keks_open_what_they_wrapped(database_url, kek_path, clock, api_key, tmp_path):
    create_key_file(tmp_path / "new.key", SealingKey.generate(), apart_from=None)
    opened = open_installation(
        database_url, tmp_path / "new.key", Purpose.PRODUCTION, clock, older_keks=[kek_path]
    )
    with opened.store.read() as transaction:
        (wrapped,) = transaction.data_keys.all()
    assert opened.keyring.opening(wrapped.id).key_id == wrapped.id
    opened.store.close()


def test_kek_in_the_environment_makes_and_opens_an_installation(database_url, clock, monkeypatch):
    monkeypatch.setenv("MY_KEK", to_text(SealingKey.generate()))
    initialise(database_url, "env:MY_KEK", Purpose.PRODUCTION, clock)
    open_for(Purpose.PRODUCTION, database_url, "env:MY_KEK", clock).store.close()
    monkeypatch.setenv("MY_KEK", to_text(SealingKey.generate()))
    with pytest.raises(KekMissingError):
        open_for(Purpose.PRODUCTION, database_url, "env:MY_KEK", clock)
    monkeypatch.delenv("MY_KEK")
    with pytest.raises(KekEnvironmentError, match="MY_KEK is not set"):
        open_for(Purpose.PRODUCTION, database_url, "env:MY_KEK", clock)


def test_kek_that_is_not_in_the_environment_leaves_no_database(tmp_path, clock):
    with pytest.raises(KekEnvironmentError):
        initialise(f"sqlite:///{tmp_path}/data/verifier.db", "env:NOT_SET", Purpose.PRODUCTION, clock)
    assert not (tmp_path / "data").exists()


def test_kek_in_an_hsm_makes_and_opens_an_installation(database_url, clock, hsm):  # noqa: F811
    initialise(database_url, hsm.uri(), Purpose.PRODUCTION, clock)
    context = open_for(Purpose.PRODUCTION, database_url, hsm.uri(), clock)
    assert context.keyring.keks.current.kek_id.startswith("hsm-")
    context.store.close()
    with pytest.raises(HsmKeyError):
        open_for(Purpose.PRODUCTION, database_url, hsm.uri("another"), clock)


def test_normal_start_refuses_a_test_database(database_url, kek_path, clock):
    initialise(database_url, kek_path, Purpose.TEST, clock)
    with pytest.raises(WrongPurposeError):
        open_for(Purpose.PRODUCTION, database_url, kek_path, clock)
    open_for(Purpose.TEST, database_url, kek_path, clock).store.close()


def test_test_setting_refuses_a_production_database(database_url, kek_path, clock, api_key):
    with pytest.raises(WrongPurposeError):
        open_for(Purpose.TEST, database_url, kek_path, clock)


def test_database_from_a_newer_keyfob_is_refused(database_url, kek_path, clock, api_key):
    with connected(database_url) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(UnknownSchemaError) as caught:
        open_for(Purpose.PRODUCTION, database_url, kek_path, clock)
    assert caught.value.revision == "9999"
