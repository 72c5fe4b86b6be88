"""API keys: 256 random bits behind a public id, kept as their SHA-256."""

import hashlib
import hmac
import re
import secrets
from collections.abc import Callable

from keyfob.errors import InvalidParametersError
from keyfob_verifier.errors import UnauthorizedError
from keyfob_verifier.records import ApiKeyRecord, AuditEntry
from keyfob_verifier.service.context import Context
from keyfob_verifier.store.database import Transaction

MAX_NAME_CHARACTERS = 255

_FORM = re.compile(r"kf_([0-9a-f]{12})_([0-9a-f]{64})")


def create_api_key(
    transaction: Transaction,
    tenant_id: str,
    name: str,
    created_at: float,
    random_bytes: Callable[[int], bytes] = secrets.token_bytes,
) -> str:
    """Makes an API key; the text that is returned is kept nowhere."""
    key_id, secret = random_bytes(6).hex(), random_bytes(32)
    digest = hashlib.sha256(secret).digest()
    transaction.api_keys.add(ApiKeyRecord(key_id, tenant_id, name, digest, created_at))
    return f"kf_{key_id}_{secret.hex()}"


def issue_api_key(context: Context, tenant_id: str, actor: str, name: str) -> str:
    """Makes an API key for a tenant, and records that.

    Raises:
        InvalidParametersError: the name is empty or longer than 255 characters.
        StorageUnavailableError: no key was made.
    """
    if not 0 < len(name) <= MAX_NAME_CHARACTERS:
        raise InvalidParametersError("name", name, f"1 to {MAX_NAME_CHARACTERS} characters long")
    at = context.clock.now()
    with context.store.write() as transaction:
        api_key = create_api_key(transaction, tenant_id, name, at)
        transaction.audit.append(
            tenant_id, [AuditEntry(at, actor, "create-api-key", None, api_key.split("_")[1])]
        )
    return api_key


def authenticate(transaction: Transaction, presented: str) -> ApiKeyRecord:
    """The record of the API key that was presented.

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
    return record
