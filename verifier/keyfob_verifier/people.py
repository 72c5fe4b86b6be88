"""The people of a tenant and their sessions, as they are kept; what may be a name and a password."""

import unicodedata
from dataclasses import dataclass, field

from keyfob_verifier.people_errors import InvalidPasswordError, InvalidPersonNameError

MAX_NAME_CHARACTERS = 32
"""So that a name fits where the record keeps what came of an action, and with `person:` before it, who acted."""

MIN_PASSWORD_CHARACTERS = 12
MAX_PASSWORD_CHARACTERS = 1024


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who may sign in.

    Attributes:
        id: immutable and random.
        name: unique in the tenant; they type it when they sign in.
        role: a built-in one or one of the tenant's.
        password_hash: argon2id, with its parameters and its salt.
        token_id: of the token that is theirs alone.
        serial: that token's.
        disabled_at: since when they may not sign in any more.
    """

    id: str
    tenant_id: str
    name: str
    role: str
    password_hash: str = field(repr=False)
    token_id: str
    serial: str
    created_at: float
    disabled_at: float | None = None

    @property
    def actor(self) -> str:
        """Who they are, for the record."""
        return f"person:{self.name}"


@dataclass(frozen=True, slots=True)
class Session:
    """A person's stay, from sign-in to sign-out; times are Unix time.

    Attributes:
        secret_sha256: of the 256 random bits that the person's browser holds.
        seen_at: when it was last used, to the minute.
        expires_at: when it ends however much it is used.
    """

    secret_sha256: bytes = field(repr=False)
    person_id: str
    created_at: float
    seen_at: float
    expires_at: float


def is_person_name(name: str) -> bool:
    """Whether somebody can be called so."""
    return 0 < len(name) <= MAX_NAME_CHARACTERS and name.isprintable() and name == name.strip()


def normalise_name(name: str) -> str:
    """The name in the form in which it is kept and looked up: Unicode's NFKC."""
    return unicodedata.normalize("NFKC", name)


def check_name(name: str) -> str:
    """The name as it is kept.

    Raises:
        InvalidPersonNameError: nobody can be called so.
    """
    normal = normalise_name(name)
    if not is_person_name(normal):
        raise InvalidPersonNameError(MAX_NAME_CHARACTERS)
    return normal


def password_bytes(password: str) -> bytes:
    """What of a password is hashed: NFKC, so that it is the same from every keyboard (NIST SP 800-63B, 5.1.1.2)."""
    return unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass")


def check_password(password: str) -> str:
    """The password itself. Its length is all that is asked of it (NIST SP 800-63B, section 5.1.1.2).

    Raises:
        InvalidPasswordError: it is too short or too long.
    """
    characters = len(unicodedata.normalize("NFKC", password))
    if not MIN_PASSWORD_CHARACTERS <= characters <= MAX_PASSWORD_CHARACTERS:
        raise InvalidPasswordError(MIN_PASSWORD_CHARACTERS, MAX_PASSWORD_CHARACTERS)
    return password
