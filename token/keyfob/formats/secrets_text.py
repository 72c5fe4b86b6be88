"""Secrets as files spell them, hexadecimal or base32, told apart only where there is nothing to guess."""

import enum
import re

from keyfob.errors import InvalidSeedError, KeyfobError
from keyfob.seed import MAX_SEED_BYTES, Seed

_HEX = re.compile(r"(?:[0-9A-Fa-f]{2})+")
_BASE32 = re.compile(r"[A-Za-z2-7]+=*")
_SHORTEST = 16
_GROUPS = str.maketrans("", "", " \t-")


class Encoding(enum.StrEnum):
    """How a secret is spelled."""

    HEX = "hex"
    BASE32 = "base32"


class AmbiguousSecretError(KeyfobError):
    """A secret is spelled so that it can be read as hex and as base32, and means another seed in each."""

    code = "secret-ambiguous"

    def __init__(self) -> None:
        super().__init__("a secret can be read as hex and as base32: say which of them its file uses")


def encodings_of(text: str) -> frozenset[Encoding]:
    """All encodings that a text has the form of, whether or not a seed may be that long."""
    compact = text.translate(_GROUPS)
    found = set()
    if _HEX.fullmatch(compact):
        found.add(Encoding.HEX)
    if _BASE32.fullmatch(compact) and len(compact.rstrip("=")) % 8 not in {1, 3, 6}:
        found.add(Encoding.BASE32)
    return frozenset(found)


def cover_secret(text: str) -> str:
    """A text from a row that is wrong somewhere: only its length, if it could be a secret in another's column."""
    return f"{len(text)} characters" if len(text) >= _SHORTEST and encodings_of(text) else text


def read_secret(text: str, encoding: Encoding) -> Seed:
    """The seed that a text spells, in groups or in one.

    Raises:
        InvalidSeedError: it is not spelled so, or not of a usable length.
    """
    if encoding is Encoding.BASE32:
        return Seed.from_base32(text)
    compact = text.translate(_GROUPS)
    if len(compact) > 2 * MAX_SEED_BYTES:
        raise InvalidSeedError(f"its text has {len(text)} characters")
    if compact and not _HEX.fullmatch(compact):
        raise InvalidSeedError("it is not hex (pairs of the digits 0 to 9 and the letters A to F)")
    return Seed(bytes.fromhex(compact))


class SecretReader:
    """Reads the secrets of one file, and keeps in mind which encodings its clear ones have.

    Args:
        encoding: the one that the file has; None if it has to tell itself.
    """

    def __init__(self, encoding: Encoding | None) -> None:
        self._encoding = encoding
        self._seen: set[Encoding] = set()

    def read(self, text: str) -> Seed:
        """The seed that a text spells.

        Raises:
            InvalidSeedError: it spells none.
            AmbiguousSecretError: it spells two, and nobody said which encoding the file has.
        """
        if self._encoding is not None:
            return read_secret(text, self._encoding)
        found = encodings_of(text)
        if len(found) > 1:
            raise AmbiguousSecretError
        if not found:
            raise InvalidSeedError("it is neither hex nor base32" if text else "it is empty")
        (encoding,) = found
        seed = read_secret(text, encoding)
        self._seen.add(encoding)
        return seed

    def known_encoding(self) -> Encoding | None:
        """The encoding of the file as far as it was read; None where nobody said it and its clear secrets do not."""
        return self._encoding or (next(iter(self._seen)) if len(self._seen) == 1 else None)
