"""The key that signs checkpoints: Ed25519 (RFC 8032)."""

import hashlib
import re

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from keyfob_verifier.audit.errors import InvalidPublicKeyError

SECRET_BYTES = 32

_HEX_KEY = re.compile(r"[0-9A-Fa-f]{64}")


class Signer:
    """A signing key in this process's memory.

    Args:
        secret: 32 bytes.

    Attributes:
        public_key: 32 bytes that prove its signatures.
    """

    def __init__(self, secret: bytes | bytearray) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(secret)
        self.public_key = self._key.public_key().public_bytes_raw()

    def __repr__(self) -> str:
        return f"<Signer {fingerprint(self.public_key)}>"

    def sign(self, message: bytes) -> bytes:
        """The signature, 64 bytes."""
        return self._key.sign(message)


def is_signed(message: bytes, signature: bytes, public_key: bytes) -> bool:
    """Whether the holder of that key signed that message."""
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def fingerprint(public_key: bytes) -> str:
    """What people compare of a public key: its SHA-256 in hexadecimal digits."""
    return hashlib.sha256(public_key).hexdigest()


def parse_public_key(text: str) -> bytes:
    """A public key from its 64 hexadecimal digits.

    Raises:
        InvalidPublicKeyError: they are not that.
    """
    stripped = text.strip()
    if not _HEX_KEY.fullmatch(stripped):
        raise InvalidPublicKeyError
    return bytes.fromhex(stripped)
