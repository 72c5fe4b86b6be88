import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyfob import SealingKey
from keyfob_verifier.keys.environment import read_kek_variable, to_text
from keyfob_verifier.keys.errors import KekEnvironmentError


@given(st.binary(min_size=40, max_size=40))
def test_key_comes_back_from_its_text(random):
    key = SealingKey(random[:8].hex(), random[8:])
    held = read_kek_variable("KEK", {"KEK": f"{to_text(key)}\n"})
    assert (held.key, held.kek_id, held.source) == (key, key.key_id, "env:KEK")


def test_text_is_one_word_for_a_shell():
    text = to_text(SealingKey("00" * 8, b"\xff" * 32))
    assert text == "kek_0000000000000000_" + "_" * 42 + "8"


@pytest.mark.parametrize(
    "text",
    ["", " ", "kek_", "kek_0000000000000000_" + "A" * 42, "kek_0000000000000000_" + "A" * 44, "{}", "A" * 43],
)
def test_text_that_is_no_key_is_refused_without_repeating_it(text):
    with pytest.raises(KekEnvironmentError) as caught:
        read_kek_variable("MY_KEK", {"MY_KEK": text})
    assert "MY_KEK" in str(caught.value)
    assert not text.strip() or text not in str(caught.value)


def test_unset_variable_is_named():
    with pytest.raises(KekEnvironmentError, match="MY_KEK is not set"):
        read_kek_variable("MY_KEK", {})
