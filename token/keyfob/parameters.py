"""What a credential's codes depend on besides its seed: RFC 6238's parameters, validated once."""

import enum
import re
from dataclasses import dataclass
from typing import Self

from keyfob.errors import InvalidParametersError

MAX_TIME_STEP_S = 2**31 - 1
_INT64 = 2**63
_ALGORITHM_NAME = re.compile(r"(?:HMAC-?)?SHA-?(1|256|512)", re.IGNORECASE | re.ASCII)


class Algorithm(enum.Enum):
    """The HMAC hash of a credential (RFC 6238, section 1.2); the value is its name in otpauth URIs."""

    SHA1 = "SHA1"
    SHA256 = "SHA256"
    SHA512 = "SHA512"

    def __init__(self, name: str) -> None:
        self.hash_name = name.lower()
        """The name that `hashlib` and `hmac` know it by."""
        self.digest_bytes = {"SHA1": 20, "SHA256": 32, "SHA512": 64}[name]
        """The length of the hash, which is also the seed length that RFC 6238 recommends."""
        self.block_bytes = 128 if name == "SHA512" else 64
        """The length of the blocks that the hash works on, to which HMAC pads its key (RFC 2104)."""

    @classmethod
    def named(cls, text: str) -> Self:
        """The algorithm that writers call SHA1, SHA-256, HmacSHA512 and the like, in any case.

        Raises:
            InvalidParametersError: it is another, or none. It does not repeat the text, which may be a misplaced secret.
        """
        match = _ALGORITHM_NAME.fullmatch(text)
        if match is None:
            raise InvalidParametersError("algorithm", "another", "SHA1, SHA256 or SHA512")
        return cls(f"SHA{match[1]}")


@dataclass(frozen=True, slots=True)
class Parameters:
    """The parameters of a credential: RFC 6238's defaults unless told otherwise.

    Attributes:
        algorithm: the HMAC hash.
        digits: length of a code, 6 to 10. A code holds 31 bits (RFC 4226, section 5.3), so the
            first of ten digits is only ever 0, 1 or 2.
        time_step_s: RFC 6238's X in seconds, 1 to 2**31 - 1.
        t0_s: RFC 6238's T0, the Unix time at which step 0 begins, a signed 64-bit number.

    Raises:
        InvalidParametersError: a field is out of range or of the wrong type.
    """

    algorithm: Algorithm = Algorithm.SHA1
    digits: int = 6
    time_step_s: int = 30
    t0_s: int = 0

    def __post_init__(self) -> None:
        if not isinstance(self.algorithm, Algorithm):
            raise InvalidParametersError("algorithm", self.algorithm, "an Algorithm")
        _require_integer("digits", self.digits, 6, 10)
        _require_integer("time_step_s", self.time_step_s, 1, MAX_TIME_STEP_S)
        _require_integer("t0_s", self.t0_s, -_INT64, _INT64 - 1)


def _require_integer(field: str, found: object, lowest: int, highest: int) -> None:
    if type(found) is not int or not lowest <= found <= highest:
        raise InvalidParametersError(field, found, f"a whole number from {lowest} to {highest}")
