"""A copy of the database without the key-encryption key opens nothing."""

import base64
import shutil

import pytest
from sqlalchemy import MetaData, select

from databases import connected
from keyfob import SealedSeed, SealingKey
from keyfob.errors import UnsealError
from keyfob.key_file import create_key_file, read_key_file
from keyfob_verifier.keys.errors import KekMissingError, WrongKekError
from keyfob_verifier.records import Purpose
from keyfob_verifier.service.installation import open_installation
from keyfob_verifier.store.database import sqlite_path


def everything_in(database_url):
    """Every byte that somebody gets with a copy of the database."""
    path = sqlite_path(database_url)
    if path is not None:
        return b"".join(file.read_bytes() for file in path.parent.iterdir())
    found = bytearray()
    with connected(database_url) as connection:
        metadata = MetaData()
        metadata.reflect(connection)
        for table in metadata.tables.values():
            for row in connection.execute(select(table)):
                for value in row:
                    found += value if isinstance(value, bytes) else str(value).encode()
    return bytes(found)


def spellings(secret):
    """The ways in which it could stand somewhere."""
    yield secret
    yield secret[::-1]
    yield secret.hex().encode()
    yield secret.hex().upper().encode()
    yield base64.b32encode(secret).rstrip(b"=")
    yield base64.b32encode(secret).rstrip(b"=").lower()
    for offset in range(3):  # base64 of something longer that holds it
        shifted = base64.b64encode(bytes(offset) + secret)
        yield shifted[4 if offset else 0 : len(shifted) // 4 * 4 - 4]
    yield base64.urlsafe_b64encode(secret).rstrip(b"=")


def test_database_shows_neither_seed_nor_data_key_nor_kek(context, database_url, fob, kek_path):
    data_key = context.keyring.opening(fob.token().data_key_id)
    copied = everything_in(database_url)
    assert fob.serial.encode() in copied
    assert fob.token().sealed_seed in copied
    for secret in (fob.seed.reveal(), data_key.reveal(), read_key_file(kek_path).reveal()):
        for spelling in spellings(secret):
            assert spelling not in copied


def test_copy_of_the_database_opens_with_its_own_kek_only(  # noqa: PLR0917  fixtures
    context, database_url, fob, kek_path, clock, tmp_path
):
    path = sqlite_path(database_url)
    if path is not None:  # as a backup would be
        context.store.close()
        shutil.copytree(path.parent, tmp_path / "copy")
        database_url = f"sqlite:///{tmp_path}/copy/{path.name}"
    create_key_file(tmp_path / "any" / "kek.key", SealingKey.generate(), apart_from=None)
    with pytest.raises(KekMissingError):
        open_installation(database_url, tmp_path / "any" / "kek.key", Purpose.PRODUCTION, clock)
    same_id = SealingKey(read_key_file(kek_path).key_id, bytes(32))
    create_key_file(tmp_path / "same" / "kek.key", same_id, apart_from=None)
    with pytest.raises(WrongKekError):
        open_installation(database_url, tmp_path / "same" / "kek.key", Purpose.PRODUCTION, clock)
    open_installation(database_url, kek_path, Purpose.PRODUCTION, clock).store.close()


def test_sealed_seed_opens_with_no_key_that_stands_in_the_database(context, database_url, fob):
    """Whatever 32 bytes of the wrapped data key are taken for the key, they are not."""
    token = fob.token()
    sealed = SealedSeed.from_bytes(token.sealed_seed)
    with context.store.read() as transaction:
        (wrapped,) = transaction.data_keys.all()
    text = wrapped.nonce + wrapped.ciphertext
    for start in range(len(text) - 31):
        with (
            pytest.raises(UnsealError),
            sealed.open(token.binding, SealingKey(wrapped.id, text[start : start + 32])),
        ):
            pass
