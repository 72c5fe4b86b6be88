"""A key-encryption key in an environment variable, as one line of text.

`kek_`, the id in hexadecimal, `_`, the 32 bytes in base64 with `-` and `_` (RFC 4648, section 5) and no padding.
"""

import base64
import re
from collections.abc import Mapping

from keyfob import SealingKey
from keyfob_verifier.keys.errors import KekEnvironmentError
from keyfob_verifier.keys.kek import HeldKek

_FORM = re.compile(r"kek_([0-9a-f]{16})_([A-Za-z0-9_-]{43})")


def to_text(key: SealingKey) -> str:
    """The key as text; keep it as secret as the key."""
    return f"kek_{key.key_id}_{base64.urlsafe_b64encode(key.reveal()).decode().rstrip('=')}"


def read_kek_variable(name: str, environment: Mapping[str, str]) -> HeldKek:
    """The key that a variable holds.

    Raises:
        KekEnvironmentError: it is not set, or holds something else. What it holds is not repeated.
    """
    text = environment.get(name)
    if not text:
        raise KekEnvironmentError(name, "is not set")
    form = _FORM.fullmatch(text.strip())
    if form is None:
        raise KekEnvironmentError(name, "holds no key-encryption key, or one that was cut short")
    return HeldKek(SealingKey(form[1], base64.urlsafe_b64decode(f"{form[2]}=")), f"env:{name}")
