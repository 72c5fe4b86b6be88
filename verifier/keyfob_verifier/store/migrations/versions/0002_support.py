"""Support records on tokens, with their history."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Forward."""
    op.create_table(
        "support_records",
        _counting("id"),
        sa.Column("owner_id", sa.String(64), nullable=False),
        sa.Column("token_id", sa.String(64), sa.ForeignKey("tokens.id"), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("report", sa.Text, nullable=False),
        sa.Column("opened_at", sa.Double, nullable=False),
        sa.Column("changed_at", sa.Double, nullable=False),
    )
    op.create_index("ix_support_records_owner_id_state", "support_records", ["owner_id", "state", "id"])
    op.create_index("ix_support_records_token_id", "support_records", ["token_id", "id"])
    op.create_table(
        "support_changes",
        _counting("sequence"),
        sa.Column("record_id", sa.BigInteger, sa.ForeignKey("support_records.id"), nullable=False),
        sa.Column("at", sa.Double, nullable=False),
        sa.Column("actor", sa.String(64), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("note", sa.String(500), nullable=False),
    )
    op.create_index("ix_support_changes_record_id", "support_changes", ["record_id", "sequence"])


def _counting(name: str) -> sa.Column[int]:
    kind = sa.BigInteger().with_variant(sa.Integer, "sqlite")
    return sa.Column(name, kind, primary_key=True, autoincrement=True)


def downgrade() -> None:
    """Back; the support records are lost."""
    for table in ("support_changes", "support_records"):
        op.drop_table(table)
