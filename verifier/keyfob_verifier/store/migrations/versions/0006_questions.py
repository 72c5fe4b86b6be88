"""Questions that tokens were asked, or have answered."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Forward: a table of its own."""
    op.create_table(
        "questions",
        sa.Column("token_id", sa.String(64), sa.ForeignKey("tokens.id"), primary_key=True),
        sa.Column("digest", sa.LargeBinary, primary_key=True),
        sa.Column("tenant_id", sa.String(64), nullable=False),
        sa.Column("at", sa.Double, nullable=False),
        sa.Column("step", sa.BigInteger),
    )
    op.create_index("ix_questions_token_id_step", "questions", ["token_id", "step"])


def downgrade() -> None:
    """Back: open questions are open no more, and which ones were answered is forgotten."""
    op.drop_table("questions")
