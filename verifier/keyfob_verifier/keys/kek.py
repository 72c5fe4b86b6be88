"""Key-encryption keys (KEK): what wraps the keys that are stored, wherever it lives itself."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from keyfob import SealingKey
from keyfob.errors import UnsealError
from keyfob_verifier.keys.errors import KekMissingError, WrongKekError

NONCE_BYTES = 12


class Kek(Protocol):
    """A key-encryption key: AES-256-GCM with associated data, in memory or in an HSM.

    Attributes:
        kek_id: public, and the same wherever this key is opened; 1 to 32 characters.
        source: where it is, in words that hold no secret.
    """

    @property
    def kek_id(self) -> str: ...  # noqa: D102

    @property
    def source(self) -> str: ...  # noqa: D102

    def encrypt(self, plain: bytes, associated: bytes, nonce: bytes) -> bytes:
        """Ciphertext and tag. Raises `HsmUnavailableError` where the key is in an HSM that does not answer."""

    def decrypt(self, ciphertext: bytes, associated: bytes, nonce: bytes) -> bytearray:
        """The opposite of `encrypt`; raises `UnsealError` where any of it is another, else as `encrypt` does."""


@dataclass(frozen=True, slots=True)
class HeldKek:
    """A key-encryption key in this process's memory, read from a file or the environment."""

    key: SealingKey
    source: str

    @property
    def kek_id(self) -> str:
        """Its public id."""
        return self.key.key_id

    def encrypt(self, plain: bytes, associated: bytes, nonce: bytes) -> bytes:
        """Ciphertext and tag."""
        return self.key.encrypt(plain, associated, nonce)

    def decrypt(self, ciphertext: bytes, associated: bytes, nonce: bytes) -> bytearray:
        """The opposite of `encrypt`; raises `UnsealError`."""
        return self.key.decrypt(ciphertext, associated, nonce)


@dataclass(frozen=True, slots=True)
class Wrapped:
    """A secret under a KEK, as it may be stored."""

    kek_id: str
    nonce: bytes
    ciphertext: bytes


class Keks:
    """The KEKs of a process: the first wraps, every one unwraps what it once wrapped.

    Args:
        keks: one at least, the present one first.
    """

    def __init__(self, keks: Sequence[Kek]) -> None:
        self._keks = tuple(keks)
        self.current = keks[0]
        self._by_id = {kek.kek_id: kek for kek in reversed(keks)}

    @property
    def ids(self) -> frozenset[str]:
        """The ids of all."""
        return frozenset(self._by_id)

    def with_current(self, kek: Kek) -> "Keks":
        """These, with another one as the present one."""
        return Keks([kek, *self._keks])

    def wrap(self, secret: bytes, kind: str, *names: str, random_bytes: Callable[[int], bytes]) -> Wrapped:
        """Wraps a secret under the present KEK.

        Args:
            secret: what to wrap.
            kind: what it is, such as "data key 1"; it unwraps as nothing else.
            names: whose it is; it unwraps for nobody else.
            random_bytes: where the nonce comes from.
        """
        nonce = random_bytes(NONCE_BYTES)
        kek = self.current
        return Wrapped(
            kek.kek_id, nonce, kek.encrypt(secret, _associated_data(kind, *names, kek.kek_id), nonce)
        )

    def unwrap(self, wrapped: Wrapped, kind: str, *names: str) -> bytearray:
        """The opposite of `wrap`.

        Raises:
            KekMissingError: it is wrapped under a KEK that is not among these.
            WrongKekError: it does not open under the one that it names, or is something else's.
        """
        kek = self._by_id.get(wrapped.kek_id)
        if kek is None:
            raise KekMissingError(wrapped.kek_id)
        try:
            return kek.decrypt(
                wrapped.ciphertext, _associated_data(kind, *names, wrapped.kek_id), wrapped.nonce
            )
        except UnsealError:
            raise WrongKekError(wrapped.kek_id) from None

    def rewrap(
        self, wrapped: Wrapped, kind: str, *names: str, random_bytes: Callable[[int], bytes]
    ) -> Wrapped:
        """The same secret under the present KEK, which is tried on it before it is returned.

        Raises:
            KekMissingError: as `unwrap` does.
            WrongKekError: as `unwrap` does; or the present KEK does not give back what it was given.
        """
        secret = self.unwrap(wrapped, kind, *names)
        rewrapped = self.wrap(bytes(secret), kind, *names, random_bytes=random_bytes)
        if self.unwrap(rewrapped, kind, *names) != secret:
            raise WrongKekError(rewrapped.kek_id)
        return rewrapped


def _associated_data(*names: str) -> bytes:
    fields = [name.encode() for name in (f"keyfob {names[0]}", *names[1:])]
    return b"".join(len(field).to_bytes(4, "big") + field for field in fields)
