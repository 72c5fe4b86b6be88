"""The shared secret: open as `Seed`, and sealed at rest as `SealedSeed`."""

import base64
import hmac
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import NoReturn, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from keyfob.codes import codes_of, hotp
from keyfob.errors import InvalidSeedError, UnsealError
from keyfob.parameters import Algorithm, Parameters

MIN_SEED_BYTES = 10
MAX_SEED_BYTES = 512
MAX_KEY_ID_BYTES = 255

_FORMAT = 1
_KEY_BYTES = 32
_NONCE_BYTES = 12
_TAG_BYTES = 16


class _Secret:
    """Bytes that appear in no repr and in no pickle, and compare in constant time."""

    __slots__ = ("_bytes",)

    def __init__(self, secret: bytes | bytearray) -> None:
        self._bytes = bytearray(secret)

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and hmac.compare_digest(self._bytes, other._bytes)

    __hash__ = None  # type: ignore[assignment]  # a hash would tell of the bytes

    def __reduce__(self) -> NoReturn:
        raise TypeError(f"a {type(self).__name__} cannot be pickled")

    def wipe(self) -> None:
        """Overwrites the bytes and forgets them."""
        self._bytes[:] = bytes(len(self._bytes))
        self._bytes.clear()


class Seed(_Secret):
    """The secret that a fob and its verifier share, open: hold it for as short a time as you can.

    Args:
        secret: 10 to 512 bytes. RFC 4226 asks for 16 at least and recommends 20; 10 are what many
            authenticator apps are given.

    Raises:
        InvalidSeedError: too short or too long.
    """

    __slots__ = ()

    def __init__(self, secret: bytes | bytearray) -> None:
        if not secret:
            raise InvalidSeedError("it is empty")
        if not MIN_SEED_BYTES <= len(secret) <= MAX_SEED_BYTES:
            raise InvalidSeedError(
                f"it has {len(secret)} bytes, and {MIN_SEED_BYTES} to {MAX_SEED_BYTES} are allowed",
            )
        super().__init__(secret)

    @classmethod
    def generate(
        cls, algorithm: Algorithm, random_bytes: Callable[[int], bytes] = secrets.token_bytes
    ) -> Self:
        """A new seed as long as the hash (RFC 6238, section 5.1)."""
        return cls(random_bytes(algorithm.digest_bytes))

    @classmethod
    def from_base32(cls, text: str) -> Self:
        """Reads base32 (RFC 4648) as people write it: any case, blanks and hyphens between groups, padding or none.

        Raises:
            InvalidSeedError: it is not base32, or not of a usable length.
        """
        if len(text) > 4 * MAX_SEED_BYTES:
            raise InvalidSeedError(f"its text has {len(text)} characters")
        compact = re.sub(r"[ \t\r\n-]", "", text)
        body = compact.rstrip("=")
        padding = -len(body) % 8
        if not re.fullmatch("[A-Za-z2-7]*", body) or padding not in {0, 1, 3, 4, 6}:
            raise InvalidSeedError("it is not base32 (the letters A to Z and the digits 2 to 7)")
        if len(compact) > len(body) and len(compact) - len(body) != padding:
            raise InvalidSeedError("its base32 padding is of the wrong length")
        body = body.upper()
        secret = base64.b32decode(body + "=" * padding)
        if base64.b32encode(secret).decode().rstrip("=") != body:
            raise InvalidSeedError("its last base32 character carries stray bits")
        return cls(secret)

    def to_base32(self) -> str:
        """Upper-case base32 without padding, the form that authenticators accept.

        Raises:
            InvalidSeedError: the seed was wiped.
        """
        if not self._bytes:
            raise InvalidSeedError("it was wiped")
        return base64.b32encode(self._bytes).decode().rstrip("=")

    def reveal(self) -> bytes:
        """The secret itself, a copy that nobody wipes."""
        return bytes(self._bytes)

    def code(self, step: int, parameters: Parameters) -> str:
        """The code of a time step.

        Raises:
            CounterRangeError: there is no such step.
            InvalidSeedError: the seed was wiped.
        """
        return hotp(self._bytes, step, parameters)

    def codes(self, parameters: Parameters) -> Callable[[int], str]:
        """What gives the codes of time steps: `code`, for more than one. It holds what is as secret as the seed.

        Raises:
            InvalidSeedError: the seed was wiped.
        """
        return codes_of(self._bytes, parameters)


class SealingKey(_Secret):
    """A 256-bit key that seals seeds, with the public id that tells which one it is.

    Raises:
        ValueError: the key is not 32 bytes, or the id not 1 to 255 bytes of UTF-8.
    """

    __slots__ = ("_cipher", "key_id")

    def __init__(self, key_id: str, secret: bytes | bytearray) -> None:
        if len(secret) != _KEY_BYTES or not 1 <= len(key_id.encode()) <= MAX_KEY_ID_BYTES:
            raise ValueError(f"a sealing key has {_KEY_BYTES} bytes, and an id of 1 to {MAX_KEY_ID_BYTES}")
        super().__init__(secret)
        self.key_id = key_id
        self._cipher: AESGCM | None = AESGCM(self._bytes)

    @classmethod
    def generate(cls, random_bytes: Callable[[int], bytes] = secrets.token_bytes) -> Self:
        """A new random key with a new random id."""
        return cls(random_bytes(8).hex(), random_bytes(_KEY_BYTES))

    def __repr__(self) -> str:
        return f"<SealingKey {self.key_id}>"

    def reveal(self) -> bytes:
        """The key itself, to be kept in a place of its own."""
        return bytes(self._bytes)

    def wipe(self) -> None:
        """Overwrites the bytes and forgets them, and what the cipher made of them."""
        self._cipher = None
        super().wipe()

    def encrypt(self, plain: bytes | bytearray, associated: bytes, nonce: bytes) -> bytes:
        """AES-256-GCM: ciphertext and tag.

        Raises:
            ValueError: the key was wiped.
        """
        if self._cipher is None:
            raise ValueError("the sealing key was wiped")
        return self._cipher.encrypt(nonce, plain, associated)

    def decrypt(self, ciphertext: bytes, associated: bytes, nonce: bytes) -> bytearray:
        """The opposite of `encrypt`, into a buffer that its holder can wipe.

        Raises:
            UnsealError: the key, the associated data, the nonce or a bit of the text is another; the key was wiped.
        """
        if self._cipher is None:
            raise UnsealError
        plain = bytearray(max(len(ciphertext) - _TAG_BYTES, 0))
        try:
            self._cipher.decrypt_into(nonce, ciphertext, associated, plain)
        except (InvalidTag, ValueError):
            raise UnsealError from None
        return plain


@dataclass(frozen=True)
class Binding:
    """Whose seed it is, and for what: a sealed seed opens for this and for nothing else.

    Attributes:
        owner_id: the tenant, or the fob's holder.
        token_id: the token's immutable id.
        parameters: those of the credential.
    """

    owner_id: str
    token_id: str
    parameters: Parameters

    def associated_data(self, key_id: str) -> bytes:
        """Format, key, owner, token and parameters, each with its length before it, so that no two readings agree."""
        owner = _format_key_owner(key_id, self.owner_id)
        return owner + _with_lengths(self.token_id) + _parameter_fields(self.parameters)


@lru_cache(maxsize=1024)
def _format_key_owner(key_id: str, owner_id: str) -> bytes:
    return _with_lengths(_FORMAT, key_id, owner_id)


@lru_cache(maxsize=1024)
def _parameter_fields(p: Parameters) -> bytes:
    return _with_lengths(p.algorithm.value, p.digits, p.time_step_s, p.t0_s)


def _with_lengths(*fields: object) -> bytes:
    encoded = (str(field).encode() for field in fields)
    return b"".join(len(field).to_bytes(4, "big") + field for field in encoded)


@dataclass(frozen=True, slots=True)
class SealedSeed:
    """A seed under AES-256-GCM, bound to its token; safe to store beside anything but its key."""

    key_id: str
    nonce: bytes
    ciphertext: bytes

    @classmethod
    def seal(
        cls,
        seed: Seed,
        binding: Binding,
        key: SealingKey,
        random_bytes: Callable[[int], bytes] = secrets.token_bytes,
    ) -> Self:
        """Seals a seed for one token under one key, with a fresh random nonce.

        Raises:
            InvalidSeedError: the seed was wiped.
        """
        secret = seed.reveal()
        if not secret:
            raise InvalidSeedError("it was wiped")
        nonce = random_bytes(_NONCE_BYTES)
        return cls(key.key_id, nonce, key.encrypt(secret, binding.associated_data(key.key_id), nonce))

    def open(self, binding: Binding, key: SealingKey) -> "OpenedSeed":
        """The seed, for the length of a `with` block; wiped at its end.

        Raises:
            UnsealError: when the block begins: it was sealed with another key or for another token, or altered.
        """
        return OpenedSeed(self, binding, key)

    def to_bytes(self) -> bytes:
        """One format byte, the key id with its length before it, the nonce, the ciphertext with its tag."""
        key_id = self.key_id.encode()
        return bytes([_FORMAT, len(key_id)]) + key_id + self.nonce + self.ciphertext

    @classmethod
    def from_bytes(cls, blob: bytes) -> Self:
        """The opposite of `to_bytes`.

        Raises:
            UnsealError: it is cut short or of another format.
        """
        if len(blob) < 2 or blob[0] != _FORMAT:
            raise UnsealError
        nonce_at = 2 + blob[1]
        text_at = nonce_at + _NONCE_BYTES
        try:
            key_id = blob[2:nonce_at].decode()
        except UnicodeDecodeError:
            raise UnsealError from None
        if len(blob) < text_at + _TAG_BYTES:
            raise UnsealError
        return cls(key_id, blob[nonce_at:text_at], blob[text_at:])


class OpenedSeed:
    """A sealed seed that is open within a `with` block."""

    __slots__ = ("_binding", "_key", "_sealed", "_seed")

    def __init__(self, sealed: SealedSeed, binding: Binding, key: SealingKey) -> None:
        self._sealed, self._binding, self._key = sealed, binding, key

    def __enter__(self) -> Seed:
        sealed = self._sealed
        plain = self._key.decrypt(
            sealed.ciphertext, self._binding.associated_data(sealed.key_id), sealed.nonce
        )
        self._seed = Seed.__new__(Seed)
        self._seed._bytes = plain  # noqa: SLF001  the buffer itself, so that no second copy is to be wiped
        return self._seed

    def __exit__(self, *_error: object) -> None:
        self._seed.wipe()
