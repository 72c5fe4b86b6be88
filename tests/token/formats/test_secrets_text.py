import base64

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from keyfob.errors import InvalidSeedError
from keyfob.formats.secrets_text import (
    AmbiguousSecretError,
    Encoding,
    SecretReader,
    encodings_of,
    read_secret,
)
from seed_files import RFC_SECRET

HEX, BASE32 = RFC_SECRET.hex(), base64.b32encode(RFC_SECRET).decode()
BOTH = "ABCDEF234567" * 4

secrets = st.binary(min_size=10, max_size=64)


@given(secrets)
def test_hex_is_read_however_it_is_grouped(secret):
    text = secret.hex(" ", 4)
    assert read_secret(text, Encoding.HEX).reveal() == secret
    assert read_secret(text.upper().replace(" ", "-"), Encoding.HEX).reveal() == secret


@given(secrets)
def test_secret_that_is_clear_is_never_read_otherwise(secret):
    for text, encoding in [
        (secret.hex(), Encoding.HEX),
        (base64.b32encode(secret).decode(), Encoding.BASE32),
    ]:
        assert encoding in encodings_of(text)
        assume(len(encodings_of(text)) == 1)
        assert SecretReader(None).read(text).reveal() == secret


@pytest.mark.parametrize("text", [BOTH, BOTH.lower(), "A2A2A2A2A2A2A2A2", "abcd efab " * 4])
def test_secret_that_is_both_is_never_guessed(text):
    assert encodings_of(text) == {Encoding.HEX, Encoding.BASE32}
    with pytest.raises(AmbiguousSecretError):
        SecretReader(None).read(text)
    assert read_secret(BOTH, Encoding.HEX) != read_secret(BOTH, Encoding.BASE32)


@pytest.mark.parametrize(
    ("read", "known"),
    [([], None), ([HEX], Encoding.HEX), ([BASE32, BASE32], Encoding.BASE32), ([HEX, BASE32], None)],
)
def test_encoding_is_known_where_all_clear_secrets_agree(read, known):
    reader = SecretReader(None)
    for text in read:
        reader.read(text)
    assert reader.known_encoding() is known


def test_secret_that_is_refused_is_no_proof():
    reader = SecretReader(None)
    with pytest.raises(InvalidSeedError):
        reader.read("0189")
    assert reader.known_encoding() is None


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (BASE32, Encoding.HEX),
        (HEX, Encoding.BASE32),
        (HEX[:-1], Encoding.HEX),
        (HEX[:18], Encoding.HEX),
        ("", Encoding.HEX),
        ("ab" * 513, Encoding.HEX),
        ("\u0660" * 40, Encoding.HEX),
        ("", None),
        ("GEZD!", None),
        ("0189", None),
    ],
)
def test_secret_that_cannot_be_used_is_refused_and_not_told(text, encoding):
    with pytest.raises(InvalidSeedError) as caught:
        SecretReader(encoding).read(text)
    assert not text or text not in str(caught.value)
