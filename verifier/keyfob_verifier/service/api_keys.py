"""API keys: 256 random bits behind a public id, kept as their SHA-256; with a role, and an end."""

import hashlib
import hmac
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from keyfob.errors import InvalidParametersError
from keyfob.quantities import DAY_S
from keyfob_verifier.access import Caller
from keyfob_verifier.access_errors import ApiKeyEndedError, RoleNotFoundError
from keyfob_verifier.addresses import Network, is_within, parse_networks
from keyfob_verifier.errors import UnauthorizedError
from keyfob_verifier.records import ApiKeyRecord, AuditEntry
from keyfob_verifier.service.context import Context
from keyfob_verifier.service.roles import hold_grantable, permissions_of
from keyfob_verifier.store.database import Transaction

MAX_NAME_CHARACTERS = 255
MAX_ADDRESS_RANGES = 64
DEFAULT_LIFE_S = 365.0 * DAY_S
USE_NOTED_EVERY_S = 60.0

_FORM = re.compile(r"kf_([0-9a-f]{12})_([0-9a-f]{64})")


@dataclass(frozen=True, slots=True)
class NewApiKey:
    """An API key that is asked for.

    Attributes:
        name: what it is for.
        role: what it allows.
        life_s: how long it is good for; None for ever.
        addresses: the ranges that it may be used from; none for everywhere.
    """

    name: str
    role: str = "admin"
    life_s: float | None = DEFAULT_LIFE_S
    addresses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class IssuedApiKey:
    """A new API key: its record, and the key itself, which is kept nowhere and never shown again."""

    record: ApiKeyRecord
    api_key: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class KnownApiKey:
    """An API key that was presented and found: who has it, and where and how long it is good.

    Attributes:
        record: as it is kept.
        caller: whom it stands for.
        networks: the ranges that it may be used from; none for everywhere.
    """

    record: ApiKeyRecord
    caller: Caller
    networks: tuple[Network, ...]

    def is_good(self, at: float, address: str) -> bool:
        """Whether it may be used at that Unix time, from that address."""
        expires_at = self.record.expires_at
        return (expires_at is None or at < expires_at) and (
            not self.networks or is_within(address, self.networks)
        )


def create_api_key(
    transaction: Transaction,
    tenant_id: str,
    wanted: NewApiKey,
    created_at: float,
    random_bytes: Callable[[int], bytes] = secrets.token_bytes,
) -> IssuedApiKey:
    """Makes an API key, whoever asks for it.

    Raises:
        InvalidParametersError: its name is empty or too long, or it has too many address ranges.
        InvalidAddressRangeError: one of them is none.
    """
    _check(wanted)
    key_id, secret = random_bytes(6).hex(), random_bytes(32)
    record = ApiKeyRecord(
        id=key_id,
        tenant_id=tenant_id,
        name=wanted.name,
        secret_sha256=hashlib.sha256(secret).digest(),
        created_at=created_at,
        role=wanted.role,
        expires_at=None if wanted.life_s is None else created_at + wanted.life_s,
        addresses=" ".join(wanted.addresses) or None,
    )
    transaction.api_keys.add(record)
    return IssuedApiKey(record, f"kf_{key_id}_{secret.hex()}")


def issue_api_key(context: Context, caller: Caller, wanted: NewApiKey) -> IssuedApiKey:
    """Makes an API key for the caller's tenant, and records that.

    Raises:
        RoleNotFoundError: the tenant has no such role.
        GrantError: the role allows more than the caller may do.
        StorageUnavailableError: no key was made; other errors as `create_api_key` raises them.
    """
    at = context.clock.now()
    with context.store.write() as transaction:
        hold_grantable(transaction, caller, wanted.role)
        issued = create_api_key(transaction, caller.tenant_id, wanted, at)
        _note(transaction, caller, "create-api-key", issued.record.id, at)
    return issued


def rotate_api_key(
    context: Context, caller: Caller, key_id: str, overlap_s: float, life_s: float | None
) -> IssuedApiKey:
    """Makes a key of the same name, role and address ranges; the old one ends after the overlap, if not before.

    Raises:
        ApiKeyNotFoundError: the tenant has no such key.
        ApiKeyEndedError: it is revoked or has expired.
        GrantError: its role allows more than the caller may do.
        StorageUnavailableError: nothing was changed.
    """
    at = context.clock.now()
    with context.store.write() as transaction:
        old = transaction.api_keys.lock(caller.tenant_id, key_id)
        if not is_in_force(old, at):
            raise ApiKeyEndedError(key_id)
        hold_grantable(transaction, caller, old.role)
        wanted = NewApiKey(old.name, old.role, life_s, _ranges(old))
        issued = create_api_key(transaction, caller.tenant_id, wanted, at)
        ends_at = at + overlap_s
        if old.expires_at is None or ends_at < old.expires_at:
            transaction.api_keys.expire(key_id, ends_at)
        _note(transaction, caller, "rotate-api-key", key_id, at)
        _note(transaction, caller, "create-api-key", issued.record.id, at)
    return issued


def revoke_api_key(context: Context, caller: Caller, key_id: str) -> ApiKeyRecord:
    """Ends an API key for good; one that is revoked already stays so.

    Raises:
        ApiKeyNotFoundError: the tenant has no such key.
        StorageUnavailableError: nothing was changed.
    """
    at = context.clock.now()
    with context.store.write() as transaction:
        known = transaction.api_keys.lock(caller.tenant_id, key_id)
        if known.revoked_at is not None:
            return known
        transaction.api_keys.revoke(key_id, at)
        _note(transaction, caller, "revoke-api-key", key_id, at)
    return replace(known, revoked_at=at)


def page(context: Context, tenant_id: str, after: str, limit: int) -> list[ApiKeyRecord]:
    """Up to `limit` API keys of a tenant in the order of their ids, those after id `after`.

    Raises:
        StorageUnavailableError: the database does not answer.
    """
    with context.store.read() as transaction:
        return transaction.api_keys.page(tenant_id, after, limit)


def is_in_force(record: ApiKeyRecord, at: float) -> bool:
    """Whether an API key is neither revoked nor expired at that Unix time."""
    return record.revoked_at is None and (record.expires_at is None or at < record.expires_at)


def authenticate(transaction: Transaction, presented: str) -> KnownApiKey:
    """Whose API key was presented. When and where it is good is for `KnownApiKey.is_good` to say.

    Raises:
        UnauthorizedError: it is no key, an unknown or a revoked one. Which of them is not told.
    """
    form = _FORM.fullmatch(presented)
    if form is None:
        raise UnauthorizedError
    record = transaction.api_keys.find(form[1])
    digest = hashlib.sha256(bytes.fromhex(form[2])).digest()
    if record is None or record.revoked_at is not None:
        raise UnauthorizedError
    if not hmac.compare_digest(record.secret_sha256, digest):
        raise UnauthorizedError
    return KnownApiKey(record, _caller(transaction, record), parse_networks(_ranges(record)))


def note_use(context: Context, key_id: str, at: float) -> None:
    """Keeps when an API key was used, to the minute.

    Raises:
        StorageUnavailableError: it was not kept.
    """
    with context.store.write() as transaction:
        transaction.api_keys.note_use(key_id, at, USE_NOTED_EVERY_S)


def _caller(transaction: Transaction, record: ApiKeyRecord) -> Caller:
    try:
        permissions = permissions_of(transaction, record.tenant_id, record.role)
    except RoleNotFoundError:  # keyfob never deletes a role that a key has: somebody else did
        permissions = frozenset()
    return Caller(record.tenant_id, record.id, record.role, permissions)


def _check(wanted: NewApiKey) -> None:
    if not 0 < len(wanted.name) <= MAX_NAME_CHARACTERS or not wanted.name.isprintable():
        raise InvalidParametersError("name", wanted.name, f"1 to {MAX_NAME_CHARACTERS} printable characters")
    if len(wanted.addresses) > MAX_ADDRESS_RANGES:
        raise InvalidParametersError(
            "addresses", len(wanted.addresses), f"{MAX_ADDRESS_RANGES} ranges or fewer"
        )
    parse_networks(wanted.addresses)


def _ranges(record: ApiKeyRecord) -> tuple[str, ...]:
    return tuple((record.addresses or "").split())


def _note(transaction: Transaction, caller: Caller, action: str, key_id: str, at: float) -> None:
    transaction.audit.append(caller.tenant_id, [AuditEntry(at, caller.actor, action, None, key_id)])
