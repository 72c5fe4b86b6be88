"""Tenants: made by whoever runs the installation, each with its own data key and a first API key."""

import re

from keyfob.errors import InvalidParametersError
from keyfob_verifier.access_errors import InvalidTenantIdError
from keyfob_verifier.records import AuditEntry, Tenant
from keyfob_verifier.service.api_keys import NewApiKey, create_api_key
from keyfob_verifier.service.context import Context
from keyfob_verifier.service.data_keys import add_data_key

FIRST_KEY_NAME = "first"
MAX_NAME_CHARACTERS = 255

_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")


def create_tenant(context: Context, actor: str, tenant_id: str, name: str) -> str:
    """Makes a tenant.

    Returns:
        Its first API key, an administrator's, which is kept nowhere and never shown again.

    Raises:
        InvalidTenantIdError: no tenant can have this id.
        InvalidParametersError: the name is empty or too long.
        TenantExistsError: there is one of this id.
        HsmUnavailableError: the key-encryption key is in an HSM that does not answer.
        StorageUnavailableError: no tenant was made.
    """
    if not _ID.fullmatch(tenant_id):
        raise InvalidTenantIdError
    if not 0 < len(name) <= MAX_NAME_CHARACTERS or not name.isprintable():
        raise InvalidParametersError("name", name, f"1 to {MAX_NAME_CHARACTERS} printable characters")
    at = context.clock.now()
    with context.store.write() as transaction:
        transaction.tenants.add(Tenant(tenant_id, name, at))
        add_data_key(context, transaction, tenant_id, at)
        first = create_api_key(transaction, tenant_id, NewApiKey(FIRST_KEY_NAME), at)
        entries = [
            AuditEntry(at, actor, "create-tenant", None, "created"),
            AuditEntry(at, actor, "create-api-key", None, first.record.id),
        ]
        transaction.audit.append(tenant_id, entries)
    return first.api_key


def every_tenant(context: Context) -> list[Tenant]:
    """All tenants of the installation, by id.

    Raises:
        StorageUnavailableError: the database does not answer.
    """
    with context.store.read() as transaction:
        return transaction.tenants.all()
