import pytest

from keyfob import SealingKey
from keyfob.errors import UnsealError
from keyfob_verifier.keys.envelope import wrap
from keyfob_verifier.keys.errors import KekMissingError
from keyfob_verifier.keys.kek import HeldKek, Keks
from keyfob_verifier.keys.keyring import Keyring

KEKS = Keks([HeldKek(SealingKey("kek", bytes(range(32))), "file:kek.key")])
DATA_KEY = SealingKey("data", bytes(range(32, 64)))


def test_key_that_others_made_after_the_start_is_found_and_then_known():
    stored = {}
    asked = []

    def find(key_id):
        asked.append(key_id)
        return stored.get(key_id)

    ring = Keyring(KEKS, find)
    with pytest.raises(UnsealError):
        ring.opening("data")
    stored["data"] = wrap(DATA_KEY, "tenant", KEKS, 1.0)
    assert ring.opening("data") == DATA_KEY
    stored.clear()
    assert ring.opening("data") == DATA_KEY
    assert asked == ["data", "data"]


def test_key_under_a_kek_that_is_not_here_is_no_unusable_seed():
    stranger = Keks([HeldKek(SealingKey("stranger", bytes(32)), "env:X")])
    ring = Keyring(KEKS, {"data": wrap(DATA_KEY, "tenant", stranger, 1.0)}.get)
    with pytest.raises(KekMissingError) as caught:
        ring.opening("data")
    assert caught.value.kek_ids == ("stranger",)
    assert caught.value.status == 503
