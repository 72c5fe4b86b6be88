"""Wrapped data keys as rows."""

from dataclasses import asdict, fields
from typing import Any

from sqlalchemy import Connection, Select, delete, func, insert, select, update

from keyfob_verifier.records import WrappedDataKey
from keyfob_verifier.store.schema import data_keys

_SELECT = select(*(data_keys.c[field.name] for field in fields(WrappedDataKey)))
_BY_AGE = (data_keys.c.created_at, data_keys.c.id)
_TRIES = 5


class DataKeys:
    """The wrapped data keys of a database, within one transaction. A tenant's newest one seals its new seeds."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, record: WrappedDataKey) -> None:
        """Adds a key."""
        self._connection.execute(insert(data_keys), asdict(record))

    def all(self) -> list[WrappedDataKey]:
        """Every key, oldest first."""
        return self._read(_SELECT.order_by(*_BY_AGE))

    def of(self, tenant_id: str) -> list[WrappedDataKey]:
        """A tenant's keys, oldest first."""
        return self._read(_SELECT.where(data_keys.c.tenant_id == tenant_id).order_by(*_BY_AGE))

    def find(self, key_id: str) -> WrappedDataKey | None:
        """The key with this id, if there is one."""
        return next(iter(self._read(_SELECT.where(data_keys.c.id == key_id))), None)

    def kek_ids(self) -> frozenset[str]:
        """The ids of all KEKs that keys are wrapped under."""
        return frozenset(self._connection.execute(select(data_keys.c.kek_id).distinct()).scalars())

    def hold_newest(self, tenant_id: str) -> WrappedDataKey | None:
        """A tenant's newest key, which nobody deletes before the transaction has ended; None where it has none."""
        query = (
            _SELECT.where(data_keys.c.tenant_id == tenant_id)
            .order_by(*(column.desc() for column in _BY_AGE))
            .limit(1)
            .with_for_update(read=True, key_share=True)
        )
        for _ in range(_TRIES):
            if found := self._read(query):
                return found[0]
            # PostgreSQL waited for the row and found it deleted: by then there is a newer one
        return None

    def lock(self, key_id: str) -> WrappedDataKey | None:
        """A key that is about to be deleted: nobody holds it, or comes to hold it, until the transaction has ended."""
        return next(iter(self._read(_SELECT.where(data_keys.c.id == key_id).with_for_update())), None)

    def lock_wrapped_otherwise(self, kek_id: str, after: str, limit: int) -> list[WrappedDataKey]:
        """Up to `limit` keys that are wrapped under another KEK than this, by id, those after id `after`.

        They are kept from other writers until the transaction ends.
        """
        query = _SELECT.where(data_keys.c.kek_id != kek_id, data_keys.c.id > after)
        return self._read(query.order_by(data_keys.c.id).limit(limit).with_for_update(key_share=True))

    def count_wrapped_otherwise(self, kek_id: str) -> int:
        """How many keys are wrapped under another KEK than this."""
        query = select(func.count()).select_from(data_keys).where(data_keys.c.kek_id != kek_id)
        return int(self._connection.execute(query).scalar_one())

    def rewrap(self, record: WrappedDataKey) -> None:
        """Writes a key as it is wrapped from now on."""
        self._connection.execute(
            update(data_keys)
            .where(data_keys.c.id == record.id)
            .values(kek_id=record.kek_id, nonce=record.nonce, ciphertext=record.ciphertext)
        )

    def delete(self, key_id: str) -> None:
        """Deletes a key for good."""
        self._connection.execute(delete(data_keys).where(data_keys.c.id == key_id))

    def _read(self, query: Select[Any]) -> list[WrappedDataKey]:
        return [WrappedDataKey(*row) for row in self._connection.execute(query)]
