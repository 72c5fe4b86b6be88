"""Limits on guessing for tokens, people and sources; answers that may be asked for again."""

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Forward."""


def downgrade() -> None:
    """Back."""
