"""Enrolling a token: a sealed seed, a record, and the provisioning URI that is told once."""

import secrets
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from keyfob import Parameters, Seed
from keyfob.codes import DEFAULT_PARAMETERS
from keyfob.ocra import OcraSuite
from keyfob.uri import Provisioning, format_uri
from keyfob_verifier.decide.policies.look_ahead import MAX_COUNTER
from keyfob_verifier.ocra_secrets import MAX_PIN_CHARACTERS, joined
from keyfob_verifier.records import AuditEntry, MovingFactor, Token, TokenKind, TokenStatus
from keyfob_verifier.serial import check_serial
from keyfob_verifier.service.context import Context
from keyfob_verifier.service.data_keys import seal, sealing_key
from keyfob_verifier.service.questions import MIN_QUESTION_LENGTH
from keyfob_verifier.service.token_codes import MIN_COUNTED_TIME_STEP_S
from keyfob_verifier.token_errors import InvalidApplicationError

DEFAULT_ISSUER = "keyfob"
DEFAULT_GRADE_PPM = 20.0


@dataclass(frozen=True, slots=True)
class Application:
    """What a token is asked to be.

    Attributes:
        account: whose it is, as an authenticator shows it.
        issuer: who issues it, as an authenticator shows it.
        serial: unique for its tenant; None for one that keyfob makes up.
        parameters: of its codes; those of an OCRA token come from its suite.
        seed: a factory's seed, wiped once it is sealed; None for a new random one.
        grade_ppm: its crystal's grade.
        clock_offset_s: how far its clock is ahead at enrolment, where the maker tells it.
        kind: how it makes its codes.
        counter: the one of its next code, where a counter moves it on: 0 to 2**63 - 1, as a database's integers go.
        suite: an OCRA token's.
        pin: an OCRA token's, where its suite wants one.

    Raises:
        InvalidApplicationError: these do not go together.
    """

    account: str
    issuer: str = DEFAULT_ISSUER
    serial: str | None = None
    parameters: Parameters = DEFAULT_PARAMETERS
    seed: Seed | None = None
    grade_ppm: float = DEFAULT_GRADE_PPM
    clock_offset_s: float = 0.0
    kind: TokenKind = TokenKind.TOTP
    counter: int = 0
    suite: OcraSuite | None = None
    pin: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        for reason, holds in _FAULTS.items():
            if holds(self):
                raise InvalidApplicationError(reason)
        if self.suite is not None:
            object.__setattr__(self, "parameters", _parameters_of(self.suite))

    @property
    def has_counter(self) -> bool:
        """Whether a counter moves it on."""
        return self.kind is TokenKind.HOTP or (self.suite is not None and self.suite.counter)


_FAULTS: dict[str, Callable[[Application], bool]] = {
    "an ocra token needs a suite, and no other token has one": lambda wanted: (
        (wanted.kind is TokenKind.OCRA) is (wanted.suite is None)
    ),
    "a suite says itself which hash, how many digits and what time step": lambda wanted: (
        wanted.suite is not None and wanted.parameters != DEFAULT_PARAMETERS
    ),
    "a hotp token has no time step": lambda wanted: (
        wanted.kind is TokenKind.HOTP and wanted.parameters.time_step_s != DEFAULT_PARAMETERS.time_step_s
    ),
    "its counter must be 0 to 2**63 - 1": lambda wanted: not 0 <= wanted.counter <= MAX_COUNTER,
    "a counter belongs to a hotp token, or to one whose suite names it": lambda wanted: (
        wanted.counter != 0 and not wanted.has_counter
    ),
    "it needs a PIN if its suite names one, and has none else": lambda wanted: (
        (wanted.pin is None) is (wanted.suite is not None and wanted.suite.pin_hash is not None)
    ),
    f"its PIN must have 1 to {MAX_PIN_CHARACTERS} characters": lambda wanted: (
        wanted.pin is not None and not 1 <= len(wanted.pin) <= MAX_PIN_CHARACTERS
    ),
    "its suite must have responses of 6 to 10 digits": lambda wanted: (
        wanted.suite is not None and not 6 <= wanted.suite.digits <= 10
    ),
    f"a suite with neither counter nor time needs questions of {MIN_QUESTION_LENGTH} characters at least": lambda wanted: (
        wanted.suite is not None
        and not wanted.suite.counter
        and wanted.suite.time_step_s is None
        and wanted.suite.question_length < MIN_QUESTION_LENGTH
    ),
    f"a suite with a counter needs a time step of {MIN_COUNTED_TIME_STEP_S} s at least, or none": lambda wanted: (
        wanted.suite is not None
        and wanted.suite.counter
        and wanted.suite.time_step_s is not None
        and wanted.suite.time_step_s < MIN_COUNTED_TIME_STEP_S
    ),
}


@dataclass(frozen=True, slots=True)
class Enrolment:
    """An enrolled token, with what is told this once.

    Attributes:
        token: its record.
        uri: its provisioning URI, which holds the seed; None for an OCRA token, for which there is no such form.
        seed: the seed in base32.
    """

    token: Token
    uri: str | None = field(repr=False)
    seed: str = field(repr=False)


def enrol(
    context: Context,
    tenant_id: str,
    actor: str,
    application: Application,
    random_bytes: Callable[[int], bytes] = secrets.token_bytes,
) -> Enrolment:
    """Enrols a token, pending until its first code is seen.

    Raises:
        InvalidSerialError: the serial is malformed.
        InvalidUriError: the issuer or account cannot stand in a provisioning URI.
        InvalidSeedError: with the hash of its PIN, the seed is too long.
        SerialTakenError: the tenant has a token with that serial.
        KekMissingError: the tenant's data key is wrapped under a KEK that is not here.
        StorageUnavailableError: nothing was enrolled.
    """
    chosen = application.serial
    serial = f"KF{random_bytes(5).hex().upper()}" if chosen is None else check_serial(chosen)
    seed = application.seed or Seed.generate(application.parameters.algorithm, random_bytes)
    uri = _uri(application, seed)
    token = _new_token(context, tenant_id, serial, application, random_bytes)
    told = seed.to_base32()
    secret = seed if application.suite is None else joined(seed, application.suite, application.pin)
    with context.store.write() as transaction:
        token = seal(token, secret, sealing_key(context, transaction, tenant_id), random_bytes)
        transaction.tokens.add(token)
        entry = AuditEntry(token.created_at, actor, "enrol", serial, token.status.value)
        transaction.audit.append(tenant_id, [entry])
    seed.wipe()
    secret.wipe()
    return Enrolment(token, uri, told)


def _uri(application: Application, seed: Seed) -> str | None:
    counter = application.counter if application.kind is TokenKind.HOTP else None
    carried = Provisioning(seed, application.account, application.issuer, application.parameters, counter)
    return None if application.kind is TokenKind.OCRA else format_uri(carried)


def _parameters_of(suite: OcraSuite) -> Parameters:
    return Parameters(suite.algorithm, suite.digits, suite.time_step_s or DEFAULT_PARAMETERS.time_step_s)


def _new_token(
    context: Context,
    tenant_id: str,
    serial: str,
    application: Application,
    random_bytes: Callable[[int], bytes],
) -> Token:
    """The record, its seed not sealed yet."""
    now = context.clock.now()
    token_id = uuid.UUID(bytes=random_bytes(16), version=4).hex
    suite = None if application.suite is None else str(application.suite)
    return _begun(
        context,
        application,
        Token(
            id=token_id,
            tenant_id=tenant_id,
            serial=serial,
            account=application.account,
            issuer=application.issuer,
            parameters=application.parameters,
            grade_ppm=application.grade_ppm,
            status=TokenStatus.PENDING,
            sealed_seed=b"",
            data_key_id="",
            policy="",
            drift=context.look_ahead.enrol_counter(application.counter, now),
            created_at=now,
            kind=application.kind,
            suite=suite,
        ),
    )


def _begun(context: Context, application: Application, token: Token) -> Token:
    """The record with the first state of its window policy."""
    drift = token.drift
    if token.moving_factor is not MovingFactor.COUNTER:
        drift = context.policy_for(token).enrol(token.created_at, application.clock_offset_s)
    return replace(token, policy=context.policy_name_for(token), drift=drift)
