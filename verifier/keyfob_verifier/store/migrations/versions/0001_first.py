"""The first schema: installation, keys, tokens and the record."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def _text(name: str, length: int, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.String(length), nullable=nullable)


def _real(name: str, *, nullable: bool = False) -> sa.Column[float]:
    return sa.Column(name, sa.Double, nullable=nullable)


def upgrade() -> None:
    """Forward."""
    op.create_table(
        "installation",
        sa.Column("id", sa.Integer, sa.CheckConstraint("id = 1"), primary_key=True),
        _text("purpose", 16),
        _real("created_at"),
    )
    op.create_table(
        "data_keys",
        sa.Column("id", sa.String(64), primary_key=True),
        _text("owner_id", 64),
        _text("kek_id", 64),
        sa.Column("nonce", sa.LargeBinary, nullable=False),
        sa.Column("ciphertext", sa.LargeBinary, nullable=False),
        _real("created_at"),
    )
    op.create_table(
        "api_keys",
        sa.Column("id", sa.String(64), primary_key=True),
        _text("owner_id", 64),
        _text("name", 255),
        sa.Column("secret_sha256", sa.LargeBinary, nullable=False),
        _real("created_at"),
        _real("revoked_at", nullable=True),
    )
    _create_tokens()
    op.create_table(
        "audit",
        sa.Column(
            "sequence",
            sa.BigInteger().with_variant(sa.Integer, "sqlite"),
            primary_key=True,
            autoincrement=True,
        ),
        _text("owner_id", 64),
        _real("at"),
        _text("actor", 64),
        _text("action", 32),
        _text("serial", 64, nullable=True),
        _text("outcome", 32),
        sa.Column("step", sa.BigInteger),
    )
    op.create_index("ix_audit_owner_id_serial", "audit", ["owner_id", "serial", "sequence"])


def _create_tokens() -> None:
    op.create_table(
        "tokens",
        sa.Column("id", sa.String(64), primary_key=True),
        _text("owner_id", 64),
        _text("serial", 64),
        _text("account", 255),
        _text("issuer", 255),
        _text("algorithm", 16),
        sa.Column("digits", sa.Integer, nullable=False),
        sa.Column("time_step_s", sa.BigInteger, nullable=False),
        sa.Column("t0_s", sa.BigInteger, nullable=False),
        _real("grade_ppm"),
        _text("status", 16),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("sealed_seed", sa.LargeBinary, nullable=False),
        _real("created_at"),
        _real("activated_at", nullable=True),
        _real("revoked_at", nullable=True),
        _text("policy", 32),
        sa.Column("drift_last_step", sa.BigInteger, nullable=False),
        _real("drift_at"),
        _real("drift_offset_s"),
        _real("drift_rate"),
        _real("drift_offset_variance"),
        _real("drift_covariance"),
        _real("drift_rate_variance"),
        _real("drift_proved_offset_s"),
        _real("drift_proved_at"),
        _real("throttle_budget"),
        _real("throttle_at"),
        sa.Column("throttle_streak", sa.Integer, nullable=False),
        _real("throttle_retry_at"),
        sa.UniqueConstraint("owner_id", "serial", name="uq_tokens_owner_id_serial"),
    )


def downgrade() -> None:
    """Back to an empty database."""
    for table in ("audit", "tokens", "api_keys", "data_keys", "installation"):
        op.drop_table(table)
