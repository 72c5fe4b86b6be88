"""Checkpoints and the keys that sign them, as rows."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields

from sqlalchemy import Connection, insert, select, text, update

from keyfob_verifier.audit.checkpoint import SignedCheckpoint, parse_checkpoint
from keyfob_verifier.store.schema import audit_checkpoints, signing_keys


@dataclass(frozen=True, slots=True)
class WrappedSigningKey:
    """A key that signs checkpoints, under the key-encryption key.

    Attributes:
        id: random.
        public_key: what proves its signatures.
        retired_at: Unix time from which on it signs nothing more.
    """

    id: str
    public_key: bytes
    kek_id: str
    nonce: bytes
    ciphertext: bytes
    created_at: float
    retired_at: float | None = None


class Checkpoints:
    """The checkpoints of a database, within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def lock(self) -> None:
        """Lets nobody else make one, or remove entries, until the transaction ends."""
        if self._connection.dialect.name == "postgresql":
            self._connection.execute(text("LOCK TABLE audit_checkpoints IN SHARE ROW EXCLUSIVE MODE"))

    def newest(self) -> SignedCheckpoint | None:
        """The newest one, if there is any.

        Raises:
            InvalidCheckpointError: it was altered.
        """
        query = select(audit_checkpoints.c.document).order_by(audit_checkpoints.c.number.desc()).limit(1)
        document = self._connection.execute(query).scalar()
        return None if document is None else parse_checkpoint(document.encode())

    def add(self, signed: SignedCheckpoint) -> None:
        """Keeps one."""
        row = {
            "number": signed.checkpoint.number,
            "made_at": float(signed.checkpoint.at_s),
            "document": signed.document().decode(),
        }
        self._connection.execute(insert(audit_checkpoints), row)

    def all(self) -> Iterator[tuple[int, float, str]]:
        """Number, Unix time and document of each, oldest first, streamed."""
        query = select(audit_checkpoints).order_by(audit_checkpoints.c.number)
        for row in self._connection.execute(query, execution_options={"yield_per": 200}):
            yield row.number, row.made_at, row.document


class SigningKeys:
    """The wrapped signing keys of a database, within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, record: WrappedSigningKey) -> None:
        """Adds a key."""
        self._connection.execute(insert(signing_keys), asdict(record))

    def all(self) -> list[WrappedSigningKey]:
        """Every key, oldest first."""
        rows = self._connection.execute(
            select(signing_keys).order_by(signing_keys.c.created_at, signing_keys.c.id)
        )
        return [WrappedSigningKey(*(getattr(row, f.name) for f in fields(WrappedSigningKey))) for row in rows]

    def rewrap(self, known: WrappedSigningKey, new: WrappedSigningKey) -> bool:
        """Writes a key under another KEK, and tells whether it was still as it was known."""
        change = (
            update(signing_keys)
            .where(signing_keys.c.id == known.id, signing_keys.c.kek_id == known.kek_id)
            .values(kek_id=new.kek_id, nonce=new.nonce, ciphertext=new.ciphertext)
        )
        return self._connection.execute(change).rowcount == 1
