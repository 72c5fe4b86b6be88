"""The record in chains, with signed checkpoints."""

import secrets
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

from keyfob_verifier.audit.chain import HASH_BYTES, Chain, entry_hash, first_chain

revision = "0004"
down_revision = "0003"

_BATCH = 2000
_ENTRY = ("tenant_id", "at", "actor", "action", "serial", "outcome", "step")


def upgrade() -> None:
    """Forward: the entries that there are become the first chain."""
    _create_chains()
    _create_checkpoints()
    op.drop_index("ix_audit_tenant_id_serial", "audit")
    op.execute("ALTER TABLE audit RENAME TO audit_unchained")
    op.create_table(
        "audit",
        sa.Column(
            "sequence",
            sa.BigInteger().with_variant(sa.Integer, "sqlite"),
            primary_key=True,
            autoincrement=True,
        ),
        sa.Column("chain_id", sa.BigInteger, nullable=False),
        sa.Column("chain_sequence", sa.BigInteger, nullable=False),
        sa.Column("tenant_id", sa.String(64), nullable=False),
        sa.Column("at", sa.Double, nullable=False),
        sa.Column("actor", sa.String(64), nullable=False),
        sa.Column("action", sa.String(32), nullable=False),
        sa.Column("serial", sa.String(64)),
        sa.Column("outcome", sa.String(32), nullable=False),
        sa.Column("step", sa.BigInteger),
        sa.Column("hash", sa.LargeBinary, nullable=False),
    )
    created_at = op.get_bind().execute(sa.text("SELECT created_at FROM installation")).scalar()
    if created_at is not None:  # a new database gets its first chain with its installation
        _chain_entries(_add_first_chain(created_at))
    op.drop_table("audit_unchained")
    op.create_index("ix_audit_chain_id_chain_sequence", "audit", ["chain_id", "chain_sequence"], unique=True)
    op.create_index("ix_audit_tenant_id_serial", "audit", ["tenant_id", "serial", "sequence"])


def _create_chains() -> None:
    op.create_table(
        "audit_chains",
        sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("opened_at", sa.Double, nullable=False),
        sa.Column("predecessor_id", sa.BigInteger, nullable=False),
        sa.Column("predecessor_sequence", sa.BigInteger, nullable=False),
        sa.Column("predecessor_hash", sa.LargeBinary, nullable=False),
        sa.Column("opening", sa.LargeBinary, nullable=False),
        sa.Column("pruned_sequence", sa.BigInteger, nullable=False),
        sa.Column("pruned_hash", sa.LargeBinary, nullable=False),
    )


def _create_checkpoints() -> None:
    op.create_table(
        "audit_checkpoints",
        sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("made_at", sa.Double, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
    )
    op.create_table(
        "signing_keys",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("public_key", sa.LargeBinary, nullable=False),
        sa.Column("kek_id", sa.String(64), nullable=False),
        sa.Column("nonce", sa.LargeBinary, nullable=False),
        sa.Column("ciphertext", sa.LargeBinary, nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("retired_at", sa.Double),
    )


def _add_first_chain(opened_at: float) -> Chain:
    chain = first_chain(secrets.token_bytes(HASH_BYTES), opened_at)
    op.get_bind().execute(
        sa.text(
            "INSERT INTO audit_chains (id, opened_at, predecessor_id, predecessor_sequence, predecessor_hash, "
            "opening, pruned_sequence, pruned_hash) VALUES (1, :opened_at, 0, 0, :installation, :opening, 0, :opening)"
        ),
        {"opened_at": opened_at, "installation": chain.predecessor.hash, "opening": chain.opening},
    )
    return chain


def _chain_entries(chain: Chain) -> None:
    connection = op.get_bind()
    unchained = sa.table("audit_unchained", *(sa.column(name) for name in ("sequence", *_ENTRY)))
    names = ("sequence", "chain_id", "chain_sequence", *_ENTRY, "hash")
    add = sa.insert(sa.table("audit", *(sa.column(name) for name in names)))
    last, length, digest = 0, 0, chain.opening
    while True:
        query = sa.select(unchained).where(unchained.c.sequence > last).order_by(unchained.c.sequence)
        rows: Sequence[Any] = connection.execute(query.limit(_BATCH)).all()
        chained = []
        for row in rows:
            last, length = row.sequence, length + 1
            digest = entry_hash(digest, chain.id, length, row[1:])
            chained.append(dict(zip(names, (last, chain.id, length, *row[1:], digest), strict=True)))
        if not chained:
            break
        connection.execute(add, chained)
    if last and connection.dialect.name == "postgresql":
        connection.execute(
            sa.text("SELECT setval(pg_get_serial_sequence('audit', 'sequence'), :last)"), {"last": last}
        )


def downgrade() -> None:
    """Back: the entries stay; chains, checkpoints and the key that signed them are lost."""
    op.drop_index("ix_audit_chain_id_chain_sequence", "audit")
    for column in ("chain_id", "chain_sequence", "hash"):
        op.execute(f"ALTER TABLE audit DROP COLUMN {column}")
    for table in ("signing_keys", "audit_checkpoints", "audit_chains"):
        op.drop_table(table)
