"""Tenants as rows."""

from dataclasses import asdict

from sqlalchemy import Connection, insert, select
from sqlalchemy.exc import IntegrityError

from keyfob_verifier.access_errors import TenantExistsError, TenantNotFoundError
from keyfob_verifier.records import Tenant
from keyfob_verifier.store.schema import tenants


class Tenants:
    """The tenants of a database, within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, tenant: Tenant) -> None:
        """Adds a tenant.

        Raises:
            TenantExistsError: there is one of this id.
        """
        try:
            self._connection.execute(insert(tenants), asdict(tenant))
        except IntegrityError:
            raise TenantExistsError(tenant.id) from None

    def get(self, tenant_id: str) -> Tenant:
        """A tenant by its id.

        Raises:
            TenantNotFoundError: there is none.
        """
        found = self._connection.execute(select(tenants).where(tenants.c.id == tenant_id)).first()
        if found is None:
            raise TenantNotFoundError(tenant_id)
        return Tenant(*found)

    def all(self) -> list[Tenant]:
        """Every tenant, by id."""
        return [Tenant(*row) for row in self._connection.execute(select(tenants).order_by(tenants.c.id))]
