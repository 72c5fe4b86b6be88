"""Passwords under argon2id (RFC 9106)."""

import base64
import secrets

from argon2 import Parameters, PasswordHasher, profiles
from argon2.exceptions import InvalidHashError, VerificationError

from keyfob_verifier.people import password_bytes

STRONG = profiles.RFC_9106_LOW_MEMORY
"""64 MiB and three passes: RFC 9106, section 4, the second recommended option."""
CHEAPEST = profiles.CHEAPEST
"""For tests."""


class Passwords:
    """Hashes passwords and compares them, at the same cost whether there is anything to compare with or not.

    Args:
        profile: what a hash costs.
    """

    def __init__(self, profile: Parameters = STRONG) -> None:
        self._hasher = PasswordHasher.from_parameters(profile)
        self._decoy = _decoy(profile)

    def hash(self, password: str) -> str:
        """The hash of a password, with its parameters and a fresh salt."""
        return self._hasher.hash(password_bytes(password))

    def match(self, password_hash: str | None, password: str) -> bool:
        """Whether a password is the one of a hash; of None, after as much work, it never is."""
        try:
            return self._hasher.verify(password_hash or self._decoy, password_bytes(password))
        except (VerificationError, InvalidHashError):
            return False


def _decoy(profile: Parameters) -> str:
    """A hash of no password that anybody knows."""
    salt, tag = (
        base64.b64encode(secrets.token_bytes(length)).rstrip(b"=").decode()
        for length in (profile.salt_len, profile.hash_len)
    )
    costs = f"m={profile.memory_cost},t={profile.time_cost},p={profile.parallelism}"
    return f"$argon2id$v={profile.version}${costs}${salt}${tag}"
