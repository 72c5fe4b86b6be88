"""API keys as rows."""

from dataclasses import asdict, fields
from typing import Any

from sqlalchemy import Connection, Row, Select, insert, or_, select, update

from keyfob_verifier.access_errors import ApiKeyNotFoundError
from keyfob_verifier.records import ApiKeyRecord
from keyfob_verifier.store.schema import api_keys


class ApiKeys:
    """The API keys of a database, within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, record: ApiKeyRecord) -> None:
        """Adds a key."""
        self._connection.execute(insert(api_keys), asdict(record))

    def find(self, key_id: str) -> ApiKeyRecord | None:
        """The key with this public id, whosever it is, if there is one."""
        row = self._connection.execute(select(api_keys).where(api_keys.c.id == key_id)).first()
        return None if row is None else _from_row(row)

    def lock(self, tenant_id: str, key_id: str) -> ApiKeyRecord:
        """A tenant's key, kept from other writers until the transaction ends.

        Raises:
            ApiKeyNotFoundError: the tenant has none of this id.
        """
        query = _of_tenant(tenant_id).where(api_keys.c.id == key_id).with_for_update()
        row = self._connection.execute(query).first()
        if row is None:
            raise ApiKeyNotFoundError(key_id)
        return _from_row(row)

    def page(self, tenant_id: str, after: str, limit: int) -> list[ApiKeyRecord]:
        """Up to `limit` keys in the order of their ids, those after id `after`."""
        query = _of_tenant(tenant_id).where(api_keys.c.id > after).order_by(api_keys.c.id).limit(limit)
        return [_from_row(row) for row in self._connection.execute(query)]

    def revoke(self, key_id: str, at: float) -> None:
        """Ends a locked key for good."""
        self._set(key_id, revoked_at=at)

    def expire(self, key_id: str, at: float) -> None:
        """Gives a locked key another end."""
        self._set(key_id, expires_at=at)

    def note_use(self, key_id: str, at: float, at_most_every_s: float) -> None:
        """Keeps when a key was used, unless that was noted less than so many seconds ago."""
        used = api_keys.c.last_used_at
        due = or_(used.is_(None), used <= at - at_most_every_s)
        self._connection.execute(update(api_keys).where(api_keys.c.id == key_id, due).values(last_used_at=at))

    def _set(self, key_id: str, **values: float) -> None:
        self._connection.execute(update(api_keys).where(api_keys.c.id == key_id).values(**values))


def _of_tenant(tenant_id: str) -> Select[Any]:
    return select(api_keys).where(api_keys.c.tenant_id == tenant_id)


def _from_row(row: Row[Any]) -> ApiKeyRecord:
    return ApiKeyRecord(*(getattr(row, field.name) for field in fields(ApiKeyRecord)))
