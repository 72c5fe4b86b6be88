"""Roles: the four that are built in, and those that a tenant makes of named permissions."""

import re

from keyfob.errors import InvalidParametersError
from keyfob_verifier.access import BUILT_IN_ROLES, Caller, Permission, Role
from keyfob_verifier.access_errors import (
    BuiltInRoleError,
    GrantError,
    InvalidRoleNameError,
    RoleExistsError,
    RoleInUseError,
    RoleNotFoundError,
)
from keyfob_verifier.records import AuditEntry
from keyfob_verifier.service.context import Context
from keyfob_verifier.store.database import Transaction

ROLE_NAME = r"^[a-z][a-z0-9-]{0,31}$"

_NAME = re.compile(ROLE_NAME)


def permissions_of(transaction: Transaction, tenant_id: str, name: str) -> frozenset[Permission]:
    """What a role of a tenant allows.

    Raises:
        RoleNotFoundError: it is neither built in nor one of the tenant's.
    """
    if name in BUILT_IN_ROLES:
        return BUILT_IN_ROLES[name]
    role = transaction.roles.find(tenant_id, name)
    if role is None:
        raise RoleNotFoundError(name)
    return role.permissions


def hold_grantable(transaction: Transaction, caller: Caller, name: str) -> None:
    """Lets a caller give a role to somebody, and keeps the role from being deleted meanwhile.

    Raises:
        RoleNotFoundError: the caller's tenant has no such role.
        GrantError: it allows more than the caller may do.
    """
    if name not in BUILT_IN_ROLES and transaction.roles.hold(caller.tenant_id, name) is None:
        raise RoleNotFoundError(name)
    require_own(caller, permissions_of(transaction, caller.tenant_id, name))


def require_own(caller: Caller, permissions: frozenset[Permission]) -> None:
    """Lets a caller give these permissions to somebody.

    Raises:
        GrantError: they do not have them all.
    """
    if lacking := permissions - caller.permissions:
        raise GrantError(lacking)


def every_role(context: Context, tenant_id: str) -> list[Role]:
    """The built-in roles, then the tenant's own by name.

    Raises:
        StorageUnavailableError: the database does not answer.
    """
    with context.store.read() as transaction:
        own = transaction.roles.all(tenant_id)
    return [Role(name, permissions) for name, permissions in BUILT_IN_ROLES.items()] + own


def create_role(context: Context, caller: Caller, name: str, permissions: frozenset[Permission]) -> Role:
    """Makes a role for the caller's tenant.

    Raises:
        InvalidRoleNameError: it cannot be called so.
        InvalidParametersError: it would allow nothing.
        GrantError: it would allow more than the caller may do.
        RoleExistsError: there is a role of this name.
        StorageUnavailableError: no role was made.
    """
    if not _NAME.fullmatch(name):
        raise InvalidRoleNameError
    if not permissions:
        raise InvalidParametersError("permissions", [], "one or more")
    require_own(caller, permissions)
    if name in BUILT_IN_ROLES:
        raise RoleExistsError(name)
    at, role = context.clock.now(), Role(name, permissions)
    with context.store.write() as transaction:
        transaction.roles.add(caller.tenant_id, role, at)
        _note(transaction, caller, "create-role", name, at)
    return role


def delete_role(context: Context, caller: Caller, name: str) -> None:
    """Deletes a role of the caller's tenant that nobody has.

    Raises:
        BuiltInRoleError: it is none of the tenant's own.
        RoleNotFoundError: there is none of this name.
        RoleInUseError: an API key that is still good, or a person, has it.
        StorageUnavailableError: nothing was deleted.
    """
    if name in BUILT_IN_ROLES:
        raise BuiltInRoleError(name)
    at = context.clock.now()
    with context.store.write() as transaction:
        transaction.roles.lock(caller.tenant_id, name)
        api_keys, people = transaction.roles.holders(caller.tenant_id, name, at)
        if api_keys or people:
            raise RoleInUseError(name, api_keys, people)
        transaction.roles.delete(caller.tenant_id, name)
        _note(transaction, caller, "delete-role", name, at)


def _note(transaction: Transaction, caller: Caller, action: str, name: str, at: float) -> None:
    transaction.audit.append(caller.tenant_id, [AuditEntry(at, caller.actor, action, None, name)])
