"""Suites of RFC 6287, and its reckoning once more by other means than keyfob's."""

import string

from cryptography.hazmat.primitives import hashes, hmac
from hypothesis import strategies as st

from keyfob import Algorithm
from keyfob.ocra import OcraSuite, QuestionFormat

PYCA_HASHES = {"SHA1": hashes.SHA1, "SHA256": hashes.SHA256, "SHA512": hashes.SHA512}
ALPHABETS = {
    QuestionFormat.ALPHANUMERIC: string.digits + string.ascii_letters,
    QuestionFormat.NUMERIC: string.digits,
    QuestionFormat.HEXADECIMAL: string.digits + "ABCDEF",
}

algorithms = st.sampled_from(Algorithm)
time_steps_s = (
    st.integers(1, 59)
    | st.integers(1, 59).map(lambda minutes: 60 * minutes)
    | st.integers(1, 48).map(lambda hours: 3600 * hours)
)
suites = st.builds(
    OcraSuite,
    algorithms,
    st.just(0) | st.integers(4, 10),
    st.booleans(),
    st.sampled_from(QuestionFormat),
    st.integers(4, 64),
    st.none() | algorithms,
    st.none() | st.integers(1, 512),
    st.none() | time_steps_s,
)


def by_the_rfc(key, suite_text, *, question, counter=None, pin_hash=None, session=None, step=None):
    """RFC 6287 once more, from the text of a suite: the message in hexadecimal, hashed by `cryptography`."""
    _, function, data_input = suite_text.split(":")
    _, hash_name, digits = function.split("-")
    message = suite_text.encode().hex() + "00"
    for part in data_input.split("-"):
        kind, qualifier = part[0], part[1:]
        if kind == "C":
            message += f"{counter:016x}"
        elif kind == "Q" and qualifier[0] == "N":
            message += f"{int(question):x}".ljust(256, "0")
        elif kind == "Q":
            message += (question if qualifier[0] == "H" else question.encode().hex()).ljust(256, "0")
        elif kind == "P":
            message += pin_hash.hex()
        elif kind == "S":
            message += session.hex().rjust(2 * int(qualifier), "0")
        else:
            message += f"{step:016x}"
    mac = hmac.HMAC(key, PYCA_HASHES[hash_name]())
    mac.update(bytes.fromhex(message))
    found = mac.finalize()
    if digits == "0":
        return found.hex()
    at = found[-1] % 16
    number = int.from_bytes(found[at : at + 4], "big") % 2**31
    return f"{number:010}"[-int(digits) :]
