"""Enrolling a token: a sealed seed, a record, and the provisioning URI that is told once."""

import secrets
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field

from keyfob import Parameters, Seed
from keyfob.uri import Provisioning, format_uri
from keyfob_verifier.records import AuditEntry, Token, TokenStatus
from keyfob_verifier.serial import check_serial
from keyfob_verifier.service.context import Context
from keyfob_verifier.service.data_keys import seal, sealing_key

DEFAULT_ISSUER = "keyfob"
DEFAULT_GRADE_PPM = 20.0


@dataclass(frozen=True, slots=True)
class Application:
    """What a token is asked to be.

    Attributes:
        account: whose it is, as an authenticator shows it.
        issuer: who issues it, as an authenticator shows it.
        serial: unique for its tenant; None for one that keyfob makes up.
        parameters: of its codes.
        seed: a factory's seed, wiped once it is sealed; None for a new random one.
        grade_ppm: its crystal's grade.
        clock_offset_s: how far its clock is ahead at enrolment, where the maker tells it.
    """

    account: str
    issuer: str = DEFAULT_ISSUER
    serial: str | None = None
    parameters: Parameters = field(default_factory=Parameters)
    seed: Seed | None = None
    grade_ppm: float = DEFAULT_GRADE_PPM
    clock_offset_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Enrolment:
    """An enrolled token, and its provisioning URI, which holds the seed and is never told again."""

    token: Token
    uri: str = field(repr=False)


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
        SerialTakenError: the tenant has a token with that serial.
        KekMissingError: the tenant's data key is wrapped under a KEK that is not here.
        StorageUnavailableError: nothing was enrolled.
    """
    chosen = application.serial
    serial = f"KF{random_bytes(5).hex().upper()}" if chosen is None else check_serial(chosen)
    seed = application.seed or Seed.generate(application.parameters.algorithm, random_bytes)
    uri = format_uri(
        Provisioning(seed, application.account, application.issuer, application.parameters),
    )
    token = _new_token(context, tenant_id, serial, application, random_bytes)
    with context.store.write() as transaction:
        token = seal(token, seed, sealing_key(context, transaction, tenant_id), random_bytes)
        transaction.tokens.add(token)
        entry = AuditEntry(token.created_at, actor, "enrol", serial, token.status.value)
        transaction.audit.append(tenant_id, [entry])
    seed.wipe()
    return Enrolment(token, uri)


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
    policy = context.policy_of(application.parameters, application.grade_ppm)
    return Token(
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
        policy=context.policy,
        drift=policy.enrol(now, application.clock_offset_s),
        created_at=now,
    )
