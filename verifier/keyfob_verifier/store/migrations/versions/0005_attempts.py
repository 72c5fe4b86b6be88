"""Limits on guessing for tokens, people and sources; answers that may be asked for again."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

_STATE = ("budget", "at", "streak", "retry_at")


def upgrade() -> None:
    """Forward: what is remembered of a token's failures moves to a table of its own, unless there were none."""
    op.create_table(
        "throttles",
        sa.Column("tenant_id", sa.String(64), primary_key=True),
        sa.Column("subject", sa.String(80), primary_key=True),
        sa.Column("standing", sa.String(8), primary_key=True),
        sa.Column("budget", sa.Double, nullable=False),
        sa.Column("at", sa.Double, nullable=False),
        sa.Column("streak", sa.Integer, nullable=False),
        sa.Column("retry_at", sa.Double, nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("last_wrong", sa.LargeBinary),
        sa.Column("refused_at", sa.Double),
    )
    op.create_index("ix_throttles_tenant_id_at", "throttles", ["tenant_id", "at"])
    op.create_table(
        "known_sources",
        sa.Column("token_id", sa.String(64), sa.ForeignKey("tokens.id"), primary_key=True),
        sa.Column("source_sha256", sa.LargeBinary, primary_key=True),
        sa.Column("tenant_id", sa.String(64), nullable=False),
        sa.Column("seen_at", sa.Double, nullable=False),
    )
    op.create_table(
        "stored_answers",
        sa.Column("digest", sa.LargeBinary, primary_key=True),
        sa.Column("reason", sa.String(32), nullable=False),
        sa.Column("step", sa.BigInteger),
        sa.Column("retry_after_s", sa.Double, nullable=False),
        sa.Column("at", sa.Double, nullable=False),
    )
    op.create_index("ix_stored_answers_at", "stored_answers", ["at"])
    op.execute(
        "INSERT INTO throttles (tenant_id, subject, standing, budget, at, streak, retry_at, version) "
        "SELECT tenant_id, 'token:' || id, 'unknown', throttle_budget, throttle_at, throttle_streak, "
        "throttle_retry_at, 1 FROM tokens WHERE throttle_budget < 10 OR throttle_streak > 0"
    )
    for name in _STATE:
        op.execute(f"ALTER TABLE tokens DROP COLUMN throttle_{name}")


def downgrade() -> None:
    """Back: a token keeps the failures from unknown sources, as if there had been no others."""
    for column in (
        sa.Column("throttle_budget", sa.Double, nullable=False, server_default="10"),
        sa.Column("throttle_at", sa.Double, nullable=False, server_default="0"),
        sa.Column("throttle_streak", sa.Integer, nullable=False, server_default="0"),
        sa.Column("throttle_retry_at", sa.Double, nullable=False, server_default="0"),
    ):
        op.add_column("tokens", column)
    same = (
        "throttles.tenant_id = tokens.tenant_id AND subject = 'token:' || tokens.id AND standing = 'unknown'"
    )
    for name in _STATE:
        op.execute(
            f"UPDATE tokens SET throttle_{name} = (SELECT {name} FROM throttles WHERE {same}) "  # noqa: S608  names from above
            f"WHERE EXISTS (SELECT 1 FROM throttles WHERE {same})"
        )
    for table in ("stored_answers", "known_sources", "throttles"):
        op.drop_table(table)
