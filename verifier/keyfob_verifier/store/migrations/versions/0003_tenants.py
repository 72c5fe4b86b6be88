"""Tenants by name, with roles, people and their sessions; API keys that expire; tokens of every kind."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_OF_A_TENANT = ("data_keys", "api_keys", "tokens", "support_records", "audit")


def upgrade() -> None:
    """Forward: whoever owned rows becomes a tenant, and the API keys that there are may do all that they could."""
    for table in _OF_A_TENANT:
        op.execute(f"ALTER TABLE {table} RENAME COLUMN owner_id TO tenant_id")
    _index_by("owner_id", "tenant_id")
    for column in (
        sa.Column("role", sa.String(64), nullable=False, server_default="admin"),
        sa.Column("expires_at", sa.Double),
        sa.Column("addresses", sa.Text),
        sa.Column("last_used_at", sa.Double),
    ):
        op.add_column("api_keys", column)
    op.create_index("ix_api_keys_tenant_id", "api_keys", ["tenant_id", "id"])
    for column in (
        sa.Column("kind", sa.String(8), nullable=False, server_default="totp"),
        sa.Column("suite", sa.String(255)),
        sa.Column("sealed_as", sa.Integer, nullable=False, server_default="1"),
        sa.Column("data_key_id", sa.String(64)),
    ):
        op.add_column("tokens", column)
    op.create_index("ix_tokens_data_key_id", "tokens", ["data_key_id", "id"])
    _name_data_keys()
    _create_tenants()
    _create_people()


def _index_by(before: str, after: str) -> None:
    op.drop_index(f"ix_audit_{before}_serial", "audit")
    op.create_index(f"ix_audit_{after}_serial", "audit", [after, "serial", "sequence"])
    op.drop_index(f"ix_support_records_{before}_state", "support_records")
    op.create_index(f"ix_support_records_{after}_state", "support_records", [after, "state", "id"])


def _name_data_keys() -> None:
    """The id of the key that sealed a seed stands in the sealed seed: a format byte, its length, the id."""
    connection = op.get_bind()
    tokens = sa.table("tokens", sa.column("id"), sa.column("sealed_seed"), sa.column("data_key_id"))
    named = [
        {"known_id": token_id, "key": bytes(sealed)[2 : 2 + bytes(sealed)[1]].decode("ascii", "replace")}
        for token_id, sealed in connection.execute(sa.select(tokens.c.id, tokens.c.sealed_seed))
        if len(sealed) > 1
    ]
    if named:
        change = sa.update(tokens).where(tokens.c.id == sa.bindparam("known_id"))
        connection.execute(change.values(data_key_id=sa.bindparam("key")), named)


def _create_tenants() -> None:
    op.create_table(
        "tenants",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
    )
    op.execute(
        "INSERT INTO tenants (id, name, created_at) "
        "SELECT tenant_id, tenant_id, min(created_at) FROM data_keys GROUP BY tenant_id"
    )
    op.create_table(
        "roles",
        sa.Column("tenant_id", sa.String(64), sa.ForeignKey("tenants.id"), primary_key=True),
        sa.Column("name", sa.String(64), primary_key=True),
        sa.Column("permissions", sa.Text, nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
    )


def _create_people() -> None:
    op.create_table(
        "people",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("tenant_id", sa.String(64), sa.ForeignKey("tenants.id"), nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("role", sa.String(64), nullable=False),
        sa.Column("password_hash", sa.String(255), nullable=False),
        sa.Column("token_id", sa.String(64), sa.ForeignKey("tokens.id"), nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("disabled_at", sa.Double),
        sa.UniqueConstraint("tenant_id", "name", name="uq_people_tenant_id_name"),
    )
    op.create_table(
        "sessions",
        sa.Column("secret_sha256", sa.LargeBinary, primary_key=True),
        sa.Column("person_id", sa.String(64), sa.ForeignKey("people.id"), nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("seen_at", sa.Double, nullable=False),
        sa.Column("expires_at", sa.Double, nullable=False),
    )
    op.create_index("ix_sessions_person_id", "sessions", ["person_id"])


def downgrade() -> None:
    """Back; roles, people and their sessions are lost, and API keys may do everything again."""
    for table in ("sessions", "people", "roles", "tenants"):
        op.drop_table(table)
    op.drop_index("ix_tokens_data_key_id", "tokens")
    op.drop_index("ix_api_keys_tenant_id", "api_keys")
    for table, columns in (
        ("tokens", ("kind", "suite", "sealed_as", "data_key_id")),
        ("api_keys", ("role", "expires_at", "addresses", "last_used_at")),
    ):
        for column in columns:
            op.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
    for table in _OF_A_TENANT:
        op.execute(f"ALTER TABLE {table} RENAME COLUMN tenant_id TO owner_id")
    _index_by("tenant_id", "owner_id")
