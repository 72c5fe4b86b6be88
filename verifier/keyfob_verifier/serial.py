"""Serial numbers: what may stand in one."""

import re

from keyfob_verifier.errors import InvalidSerialError


def check_serial(serial: str) -> str:
    """The serial itself.

    Raises:
        InvalidSerialError: it has other characters than letters, digits, dots, hyphens and underscores, or too many.
    """
    if not re.fullmatch(r"[A-Za-z0-9._-]{1,64}", serial):
        raise InvalidSerialError
    return serial
