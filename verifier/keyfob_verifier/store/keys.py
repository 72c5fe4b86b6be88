"""API keys and wrapped data keys as rows."""

from dataclasses import asdict, fields

from sqlalchemy import Connection, insert, select

from keyfob_verifier.records import ApiKeyRecord, WrappedDataKey
from keyfob_verifier.store.schema import api_keys, data_keys


class ApiKeys:
    """The API keys of a database, within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, record: ApiKeyRecord) -> None:
        """Adds a key."""
        self._connection.execute(insert(api_keys), asdict(record))

    def find(self, key_id: str) -> ApiKeyRecord | None:
        """The key with this public id, if there is one."""
        row = self._connection.execute(select(api_keys).where(api_keys.c.id == key_id)).first()
        return None if row is None else ApiKeyRecord(*(getattr(row, f.name) for f in fields(ApiKeyRecord)))


class DataKeys:
    """The wrapped data keys of a database, within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, record: WrappedDataKey) -> None:
        """Adds a key."""
        self._connection.execute(insert(data_keys), asdict(record))

    def all(self) -> list[WrappedDataKey]:
        """Every key, oldest first."""
        rows = self._connection.execute(select(data_keys).order_by(data_keys.c.created_at, data_keys.c.id))
        return [WrappedDataKey(*(getattr(row, f.name) for f in fields(WrappedDataKey))) for row in rows]
