from dataclasses import replace

import pytest

from keyfob import SealingKey
from keyfob_verifier.keys.envelope import rewrap, unwrap, wrap
from keyfob_verifier.keys.errors import KekMissingError, WrongKekError
from keyfob_verifier.keys.kek import HeldKek, Keks

KEK = HeldKek(SealingKey("kek", bytes(range(32))), "file:kek.key")
OTHER = HeldKek(SealingKey("other", bytes(range(64, 96))), "env:OTHER")
KEKS = Keks([KEK])
DATA_KEY = SealingKey("data", bytes(range(32, 64)))


def test_data_key_comes_back_as_it_was():
    assert unwrap(wrap(DATA_KEY, "tenant", KEKS, 1.0), KEKS) == DATA_KEY


def test_wrapped_key_does_not_show_the_key():
    wrapped = wrap(DATA_KEY, "tenant", KEKS, 1.0)
    assert DATA_KEY.reveal() not in wrapped.ciphertext
    assert DATA_KEY.reveal().hex() not in repr(wrapped)


def test_same_key_is_wrapped_differently_each_time():
    first, second = wrap(DATA_KEY, "tenant", KEKS, 1.0), wrap(DATA_KEY, "tenant", KEKS, 1.0)
    assert first.ciphertext != second.ciphertext


def test_record_of_an_earlier_keyfob_still_unwraps():
    """Made by the first version that wrapped data keys; its associated data must never change."""
    names = (b"keyfob data key 1", b"data", b"tenant", b"kek")
    associated = b"".join(len(name).to_bytes(4, "big") + name for name in names)
    ciphertext = KEK.encrypt(DATA_KEY.reveal(), associated, bytes(12))
    stored = replace(wrap(DATA_KEY, "tenant", KEKS, 1.0), nonce=bytes(12), ciphertext=ciphertext)
    assert unwrap(stored, KEKS) == DATA_KEY


@pytest.mark.parametrize(
    "altered",
    [
        {"id": "other"},
        {"tenant_id": "other"},
        {"nonce": bytes(12)},
        {"ciphertext": bytes(48)},
        {"ciphertext": b""},
        {"nonce": b""},
    ],
)
def test_altered_record_does_not_unwrap(altered):
    wrapped = wrap(DATA_KEY, "tenant", KEKS, 1.0)
    with pytest.raises(WrongKekError):
        unwrap(replace(wrapped, **altered), KEKS)


def test_record_that_names_another_kek_does_not_unwrap_under_either():
    wrapped = wrap(DATA_KEY, "tenant", Keks([KEK, OTHER]), 1.0)
    with pytest.raises(WrongKekError):
        unwrap(replace(wrapped, kek_id="other"), Keks([KEK, OTHER]))


def test_missing_kek_is_named_with_what_to_do():
    wrapped = wrap(DATA_KEY, "tenant", KEKS, 1.0)
    with pytest.raises(KekMissingError) as caught:
        unwrap(wrapped, Keks([OTHER]))
    assert caught.value.kek_ids == ("kek",)
    assert "--kek" in str(caught.value)


def test_other_kek_of_the_same_id_is_named_as_wrong():
    wrapped = wrap(DATA_KEY, "tenant", KEKS, 1.0)
    with pytest.raises(WrongKekError) as caught:
        unwrap(wrapped, Keks([HeldKek(SealingKey("kek", bytes(32)), "file:kek.key")]))
    assert caught.value.kek_id == "kek"


def test_first_kek_wraps_and_every_one_unwraps():
    old = wrap(DATA_KEY, "tenant", KEKS, 1.0)
    both = Keks([OTHER, KEK])
    assert wrap(DATA_KEY, "tenant", both, 1.0).kek_id == "other"
    assert unwrap(old, both) == DATA_KEY


def test_rewrapped_key_is_the_same_key_under_the_present_kek():
    old = wrap(DATA_KEY, "tenant", KEKS, 1.0)
    new = rewrap(old, Keks([OTHER, KEK]))
    assert (new.id, new.tenant_id, new.created_at, new.kek_id) == ("data", "tenant", 1.0, "other")
    assert unwrap(new, Keks([OTHER])) == DATA_KEY


def test_kek_that_does_not_give_back_what_it_was_given_wraps_nothing():
    class Forgetful:
        kek_id, source = "forgetful", "a broken HSM"

        def encrypt(self, plain, associated, nonce):
            return bytes(plain)

        def decrypt(self, ciphertext, associated, nonce):
            return bytearray(len(ciphertext))

    with pytest.raises(WrongKekError):
        rewrap(wrap(DATA_KEY, "tenant", KEKS, 1.0), Keks([Forgetful(), KEK]))
