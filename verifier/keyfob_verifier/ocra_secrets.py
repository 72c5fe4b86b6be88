"""What an OCRA token shares with the verifier: its seed and, where its suite wants one, the hash of its PIN."""

from keyfob import Seed
from keyfob.ocra import OcraSuite, hash_pin

MAX_PIN_CHARACTERS = 64
"""The longest PIN that is taken from people and programs."""


def joined(seed: Seed, suite: OcraSuite, pin: str | None) -> Seed:
    """The one secret that is sealed: the seed, then the hash of the PIN, which is as secret as the PIN.

    Raises:
        OcraInputError: there is a PIN and the suite takes none.
        InvalidSeedError: the two are longer than a seed may be.
    """
    return Seed(seed.reveal() + (b"" if pin is None else hash_pin(pin, suite)))


def parted(secret: Seed, suite: OcraSuite) -> tuple[bytes, bytes | None]:
    """The seed and the hash of the PIN, None where the suite wants none: the opposite of `joined`."""
    revealed = secret.reveal()
    if suite.pin_hash is None:
        return revealed, None
    hash_at = len(revealed) - suite.pin_hash.digest_bytes
    return revealed[:hash_at], revealed[hash_at:]
