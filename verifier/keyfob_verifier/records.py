"""What the verifier keeps, as plain records: the store writes them, the services reason about them."""

import enum
from dataclasses import dataclass
from functools import lru_cache

from keyfob import Binding, Parameters
from keyfob.diagnostics import FAILURES, DiagnosticReport, Failure
from keyfob.errors import UnsealError
from keyfob.ocra import OcraSuite
from keyfob_verifier.decide.state import State
from keyfob_verifier.errors import DamagedTokenError

SEALED_AS = 2
"""The form of binding that seeds are sealed with from now on."""


class Purpose(enum.StrEnum):
    """What a database was created for."""

    PRODUCTION = "production"
    TEST = "test"
    """Its time is handed to it; only a verifier with a test clock opens it."""


class TokenStatus(enum.StrEnum):
    """Where a token is in its life."""

    PENDING = "pending"
    """Enrolled; its first code has not been seen."""
    ACTIVE = "active"
    RESYNC_REQUIRED = "resync-required"
    """Its codes count only once two consecutive ones have shown where its counter stands."""
    REVOKED = "revoked"


class TokenKind(enum.StrEnum):
    """How a token makes its codes."""

    TOTP = "totp"
    """From the time (RFC 6238)."""
    HOTP = "hotp"
    """From a counter (RFC 4226)."""
    OCRA = "ocra"
    """From a question, and what else its suite names (RFC 6287)."""


class MovingFactor(enum.Enum):
    """What makes a token's next code another one, and so tells that a code is used (RFC 4226, section 5.1)."""

    TIME = enum.auto()
    COUNTER = enum.auto()
    QUESTION = enum.auto()
    """Nothing but the question that is asked: no question may be answered twice."""


@dataclass(frozen=True, slots=True)
class Tenant:
    """One of those who share an installation and see nothing of each other.

    Attributes:
        id: immutable, in lower-case letters, digits and hyphens.
        name: as people know it.
    """

    id: str
    name: str
    created_at: float


@dataclass(frozen=True, slots=True)
class Token:
    """A token's server record.

    Attributes:
        id: immutable and random; the sealed seed is bound to it.
        tenant_id: the tenant.
        serial: unique for its tenant.
        account: whose token it is, as an authenticator shows it.
        issuer: who issued it, as an authenticator shows it.
        kind: how it makes its codes.
        suite: an OCRA token's.
        sealed_seed: as `keyfob.SealedSeed.to_bytes` gives it.
        sealed_as: which form of binding the seed was sealed with.
        data_key_id: the key that it was sealed with.
        grade_ppm: the crystal's grade, for the drift prior.
        policy: the window policy that `drift` belongs to.
        version: counts the changes of the row.
        drift: the replay guard and the drift estimate.
    """

    id: str
    tenant_id: str
    serial: str
    account: str
    issuer: str
    parameters: Parameters
    grade_ppm: float
    status: TokenStatus
    sealed_seed: bytes
    data_key_id: str
    policy: str
    drift: State
    created_at: float
    activated_at: float | None = None
    revoked_at: float | None = None
    version: int = 1
    kind: TokenKind = TokenKind.TOTP
    suite: str | None = None
    sealed_as: int = 1

    @property
    def ocra_suite(self) -> OcraSuite:
        """An OCRA token's suite.

        Raises:
            DamagedTokenError: it has none.
        """
        if self.suite is None:
            raise DamagedTokenError(self.serial)
        return _parsed_suite(self.suite)

    @property
    def moving_factor(self) -> MovingFactor:
        """What makes its next code another one. Where a suite names both, it is the counter.

        Raises:
            DamagedTokenError: it answers questions and has no suite.
        """
        if self.kind is TokenKind.TOTP:
            return MovingFactor.TIME
        if self.kind is TokenKind.HOTP or self.ocra_suite.counter:
            return MovingFactor.COUNTER
        return MovingFactor.QUESTION if self.ocra_suite.time_step_s is None else MovingFactor.TIME

    @property
    def binding(self) -> Binding:
        """What the sealed seed opens for.

        Form 1 leaves out serial, kind and suite; form 2 has them beside the id, each with its length before it.

        Raises:
            UnsealError: no seed was ever sealed for such a row.
        """
        if self.sealed_as == 1 and ":" not in self.id:  # else a row of form 2 could pass for one of form 1
            return Binding(self.tenant_id, self.id, self.parameters)
        if self.sealed_as == SEALED_AS:
            names = (self.id, self.kind, self.serial, *(() if self.suite is None else (self.suite,)))
            bound = "".join(f"{len(name)}:{name}" for name in names)
            return Binding(self.tenant_id, bound, self.parameters)
        raise UnsealError


@lru_cache(maxsize=256)
def _parsed_suite(text: str) -> OcraSuite:
    return OcraSuite.parse(text)


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One line of the record: who did what to which token, and what came of it.

    Attributes:
        at: Unix time.
        actor: the API key's id, or the local administrator.
        action: validate, enrol, activate, resync, revoke, ...
        serial: the token's, as the caller named it.
        outcome: one word.
        step: the time step or counter that was used, where one was.
        sequence: the entry's place in the record; 0 until it has one.
    """

    at: float
    actor: str
    action: str
    serial: str | None
    outcome: str
    step: int | None = None
    sequence: int = 0


class SupportState(enum.StrEnum):
    """How far a help desk has come with a fob that was reported."""

    OPEN = "open"
    IN_PROGRESS = "in-progress"
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True)
class SupportChange:
    """One line of a support record's history.

    Attributes:
        at: Unix time.
        actor: the API key's id, or the local administrator.
        state: the record's from then on.
        note: what they had to say.
    """

    at: float
    actor: str
    state: SupportState
    note: str


@dataclass(frozen=True, slots=True)
class SupportRecord:
    """A fob's diagnostic report, kept on its token until somebody has dealt with it.

    Attributes:
        id: counts all records of the database.
        serial: the token's, and the report's.
        opened_at: Unix time of the first change.
        changed_at: Unix time of the last.
    """

    id: int
    serial: str
    state: SupportState
    report: DiagnosticReport
    opened_at: float
    changed_at: float

    @property
    def failures(self) -> tuple[Failure, ...]:
        """What the report's self-test found."""
        return tuple(FAILURES[code] for code in self.report.failures)


@dataclass(frozen=True, slots=True)
class ApiKeyRecord:
    """An API key as it is kept: the SHA-256 of its 256 random bits, never the key."""

    id: str
    tenant_id: str
    name: str
    secret_sha256: bytes
    created_at: float
    revoked_at: float | None = None
    role: str = "admin"
    expires_at: float | None = None
    addresses: str | None = None
    last_used_at: float | None = None


@dataclass(frozen=True, slots=True)
class WrappedDataKey:
    """A data key under the key-encryption key."""

    id: str
    tenant_id: str
    kek_id: str
    nonce: bytes
    ciphertext: bytes
    created_at: float
