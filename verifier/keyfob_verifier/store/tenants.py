"""Tenants as rows."""

from dataclasses import asdict

from sqlalchemy import Connection, insert, select

from keyfob_verifier.records import Tenant
from keyfob_verifier.store.schema import tenants


class Tenants:
    """The tenants of a database, within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, tenant: Tenant) -> None:
        """Adds a tenant."""
        self._connection.execute(insert(tenants), asdict(tenant))

    def all(self) -> list[Tenant]:
        """Every tenant, by id."""
        return [Tenant(*row) for row in self._connection.execute(select(tenants).order_by(tenants.c.id))]
