"""The roles that tenants made, as rows; the built-in ones are nowhere but in the code."""

from typing import Any

from sqlalchemy import Connection, Row, Select, delete, func, insert, or_, select
from sqlalchemy.exc import IntegrityError

from keyfob_verifier.access import Permission, Role
from keyfob_verifier.access_errors import RoleExistsError, RoleNotFoundError
from keyfob_verifier.store.schema import api_keys, people, roles

_KNOWN = frozenset(Permission)


class Roles:
    """The tenants' own roles of a database, within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, tenant_id: str, role: Role, created_at: float) -> None:
        """Adds a role.

        Raises:
            RoleExistsError: the tenant has one of this name.
        """
        row = {
            "tenant_id": tenant_id,
            "name": role.name,
            "permissions": " ".join(sorted(role.permissions)),
            "created_at": created_at,
        }
        try:
            self._connection.execute(insert(roles), row)
        except IntegrityError:
            raise RoleExistsError(role.name) from None

    def find(self, tenant_id: str, name: str) -> Role | None:
        """A role by its name, if there is one."""
        row = self._connection.execute(_one(tenant_id, name)).first()
        return None if row is None else _from_row(row)

    def hold(self, tenant_id: str, name: str) -> Role | None:
        """A role by its name, which nobody deletes before the transaction has ended, if there is one."""
        row = self._connection.execute(_one(tenant_id, name).with_for_update(read=True)).first()
        return None if row is None else _from_row(row)

    def all(self, tenant_id: str) -> list[Role]:
        """A tenant's own roles, by name."""
        query = select(roles).where(roles.c.tenant_id == tenant_id).order_by(roles.c.name)
        return [_from_row(row) for row in self._connection.execute(query)]

    def lock(self, tenant_id: str, name: str) -> None:
        """Keeps a role from being given to anybody until the transaction ends.

        Raises:
            RoleNotFoundError: the tenant has none of this name.
        """
        if self._connection.execute(_one(tenant_id, name).with_for_update()).first() is None:
            raise RoleNotFoundError(name)

    def holders(self, tenant_id: str, name: str, at: float) -> tuple[int, int]:
        """How many API keys that are good at that time, and how many people, have a role."""
        good = (
            api_keys.c.revoked_at.is_(None),
            or_(api_keys.c.expires_at.is_(None), api_keys.c.expires_at > at),
        )
        keys = select(func.count()).select_from(api_keys)
        keys = keys.where(api_keys.c.tenant_id == tenant_id, api_keys.c.role == name, *good)
        persons = select(func.count()).select_from(people)
        persons = persons.where(people.c.tenant_id == tenant_id, people.c.role == name)
        return self._connection.execute(keys).scalar_one(), self._connection.execute(persons).scalar_one()

    def delete(self, tenant_id: str, name: str) -> None:
        """Deletes a locked role."""
        self._connection.execute(delete(roles).where(roles.c.tenant_id == tenant_id, roles.c.name == name))


def _one(tenant_id: str, name: str) -> Select[Any]:
    return select(roles).where(roles.c.tenant_id == tenant_id, roles.c.name == name)


def _from_row(row: Row[Any]) -> Role:
    """What this version of keyfob does not know gives nobody anything."""
    return Role(row.name, frozenset(Permission(word) for word in row.permissions.split() if word in _KNOWN))
