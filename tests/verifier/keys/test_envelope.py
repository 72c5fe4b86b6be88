from dataclasses import replace

import pytest

from keyfob import SealingKey
from keyfob.errors import UnsealError
from keyfob_verifier.errors import WrongKekError
from keyfob_verifier.keys.envelope import Keyring, unwrap, wrap

KEK = SealingKey("kek", bytes(range(32)))
DATA_KEY = SealingKey("data", bytes(range(32, 64)))


def test_data_key_comes_back_as_it_was():
    assert unwrap(wrap(DATA_KEY, "owner", KEK, 1.0), KEK) == DATA_KEY


def test_wrapped_key_does_not_show_the_key():
    wrapped = wrap(DATA_KEY, "owner", KEK, 1.0)
    assert DATA_KEY.reveal() not in wrapped.ciphertext
    assert DATA_KEY.reveal().hex() not in repr(wrapped)


def test_same_key_is_wrapped_differently_each_time():
    first, second = wrap(DATA_KEY, "owner", KEK, 1.0), wrap(DATA_KEY, "owner", KEK, 1.0)
    assert first.ciphertext != second.ciphertext


@pytest.mark.parametrize(
    "altered",
    [
        {"id": "other"},
        {"tenant_id": "other"},
        {"kek_id": "other"},
        {"nonce": bytes(12)},
        {"ciphertext": bytes(48)},
        {"ciphertext": b""},
        {"nonce": b""},
    ],
)
def test_altered_record_does_not_unwrap(altered):
    wrapped = wrap(DATA_KEY, "owner", KEK, 1.0)
    with pytest.raises(WrongKekError):
        unwrap(replace(wrapped, **altered), KEK)


def test_other_kek_is_named_as_wrong():
    wrapped = wrap(DATA_KEY, "owner", KEK, 1.0)
    with pytest.raises(WrongKekError) as caught:
        Keyring([wrapped], SealingKey("kek", bytes(32)))
    assert caught.value.kek_id == "kek"
    assert "--kek-file" in str(caught.value)


def test_newest_key_of_an_owner_seals_and_every_key_opens():
    newer = SealingKey("newer", bytes(32))
    ring = Keyring([wrap(DATA_KEY, "owner", KEK, 1.0), wrap(newer, "owner", KEK, 2.0)], KEK)
    assert ring.sealing("owner") == newer
    assert ring.opening("data") == DATA_KEY
    with pytest.raises(UnsealError):
        ring.opening("unheard of")
