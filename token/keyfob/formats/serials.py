"""Serial numbers: what one is made of, and one for a token that its file knows only by whose it is."""

import hashlib
import re

SERIAL = re.compile(r"[A-Za-z0-9._-]{1,64}")
_OTHERS = re.compile(r"[^A-Za-z0-9._-]+")
_SLUG_CHARACTERS = 51
_DIGEST_CHARACTERS = 12


def serial_of(name: str) -> str:
    """The serial number that stands for a name: itself where it can, else what is left of it and a part of its hash.

    The same name has the same serial in every file, and two names have two.
    """
    if SERIAL.fullmatch(name):
        return name
    slug = _OTHERS.sub("-", name)[:_SLUG_CHARACTERS].strip("-")
    return f"{slug}-{hashlib.sha256(name.encode()).hexdigest()[:_DIGEST_CHARACTERS]}".lstrip("-")
