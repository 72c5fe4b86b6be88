"""The tables. A change here goes with a migration in `migrations/versions`."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

metadata = MetaData()

installation = Table(
    "installation",
    metadata,
    Column("id", Integer, CheckConstraint("id = 1"), primary_key=True),
    Column("purpose", String(16), nullable=False),
    Column("created_at", Double, nullable=False),
)

tenants = Table(
    "tenants",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("name", String(255), nullable=False),
    Column("created_at", Double, nullable=False),
)

data_keys = Table(
    "data_keys",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("tenant_id", String(64), nullable=False),
    Column("kek_id", String(64), nullable=False),
    Column("nonce", LargeBinary, nullable=False),
    Column("ciphertext", LargeBinary, nullable=False),
    Column("created_at", Double, nullable=False),
)

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("tenant_id", String(64), nullable=False),
    Column("name", String(255), nullable=False),
    Column("secret_sha256", LargeBinary, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("revoked_at", Double),
    Column("role", String(64), nullable=False, server_default="admin"),
    Column("expires_at", Double),
    Column("addresses", Text),
    Column("last_used_at", Double),
    Index("ix_api_keys_tenant_id", "tenant_id", "id"),
)

roles = Table(
    "roles",
    metadata,
    Column("tenant_id", String(64), ForeignKey("tenants.id"), primary_key=True),
    Column("name", String(64), primary_key=True),
    Column("permissions", Text, nullable=False),
    Column("created_at", Double, nullable=False),
)

tokens = Table(
    "tokens",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("tenant_id", String(64), nullable=False),
    Column("serial", String(64), nullable=False),
    Column("account", String(255), nullable=False),
    Column("issuer", String(255), nullable=False),
    Column("kind", String(8), nullable=False, server_default="totp"),
    Column("suite", String(255)),
    Column("algorithm", String(16), nullable=False),
    Column("digits", Integer, nullable=False),
    Column("time_step_s", BigInteger, nullable=False),
    Column("t0_s", BigInteger, nullable=False),
    Column("grade_ppm", Double, nullable=False),
    Column("status", String(16), nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("sealed_seed", LargeBinary, nullable=False),
    Column("sealed_as", Integer, nullable=False, server_default="1"),
    Column("data_key_id", String(64)),
    Column("created_at", Double, nullable=False),
    Column("activated_at", Double),
    Column("revoked_at", Double),
    Column("policy", String(32), nullable=False),
    Column("drift_last_step", BigInteger, nullable=False),
    Column("drift_at", Double, nullable=False),
    Column("drift_offset_s", Double, nullable=False),
    Column("drift_rate", Double, nullable=False),
    Column("drift_offset_variance", Double, nullable=False),
    Column("drift_covariance", Double, nullable=False),
    Column("drift_rate_variance", Double, nullable=False),
    Column("drift_proved_offset_s", Double, nullable=False),
    Column("drift_proved_at", Double, nullable=False),
    UniqueConstraint("tenant_id", "serial", name="uq_tokens_owner_id_serial"),
    Index("ix_tokens_data_key_id", "data_key_id", "id"),
)

throttles = Table(
    "throttles",
    metadata,
    Column("tenant_id", String(64), primary_key=True),
    Column("subject", String(80), primary_key=True),
    Column("standing", String(8), primary_key=True),
    Column("budget", Double, nullable=False),
    Column("at", Double, nullable=False),
    Column("streak", Integer, nullable=False),
    Column("retry_at", Double, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("last_wrong", LargeBinary),
    Column("refused_at", Double),
    Index("ix_throttles_tenant_id_at", "tenant_id", "at"),
)

known_sources = Table(
    "known_sources",
    metadata,
    Column("token_id", String(64), ForeignKey("tokens.id"), primary_key=True),
    Column("source_sha256", LargeBinary, primary_key=True),
    Column("tenant_id", String(64), nullable=False),
    Column("seen_at", Double, nullable=False),
)

stored_answers = Table(
    "stored_answers",
    metadata,
    Column("digest", LargeBinary, primary_key=True),
    Column("reason", String(32), nullable=False),
    Column("step", BigInteger),
    Column("retry_after_s", Double, nullable=False),
    Column("at", Double, nullable=False),
    Index("ix_stored_answers_at", "at"),
)

questions = Table(
    "questions",
    metadata,
    Column("token_id", String(64), ForeignKey("tokens.id"), primary_key=True),
    Column("digest", LargeBinary, primary_key=True),
    Column("tenant_id", String(64), nullable=False),
    Column("at", Double, nullable=False),
    Column("step", BigInteger),
    Index("ix_questions_token_id_step", "token_id", "step"),
)

people = Table(
    "people",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("tenant_id", String(64), ForeignKey("tenants.id"), nullable=False),
    Column("name", String(255), nullable=False),
    Column("role", String(64), nullable=False),
    Column("password_hash", String(255), nullable=False),
    Column("token_id", String(64), ForeignKey("tokens.id"), nullable=False),
    Column("created_at", Double, nullable=False),
    Column("disabled_at", Double),
    UniqueConstraint("tenant_id", "name", name="uq_people_tenant_id_name"),
)

sessions = Table(
    "sessions",
    metadata,
    Column("secret_sha256", LargeBinary, primary_key=True),
    Column("person_id", String(64), ForeignKey("people.id"), nullable=False),
    Column("created_at", Double, nullable=False),
    Column("seen_at", Double, nullable=False),
    Column("expires_at", Double, nullable=False),
    Index("ix_sessions_person_id", "person_id"),
)

support_records = Table(
    "support_records",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("tenant_id", String(64), nullable=False),
    Column("token_id", String(64), ForeignKey("tokens.id"), nullable=False),
    Column("state", String(16), nullable=False),
    Column("report", Text, nullable=False),
    Column("opened_at", Double, nullable=False),
    Column("changed_at", Double, nullable=False),
    Index("ix_support_records_tenant_id_state", "tenant_id", "state", "id"),
    Index("ix_support_records_token_id", "token_id", "id"),
)

support_changes = Table(
    "support_changes",
    metadata,
    Column("sequence", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("record_id", BigInteger, ForeignKey("support_records.id"), nullable=False),
    Column("at", Double, nullable=False),
    Column("actor", String(64), nullable=False),
    Column("state", String(16), nullable=False),
    Column("note", String(500), nullable=False),
    Index("ix_support_changes_record_id", "record_id", "sequence"),
)

audit = Table(
    "audit",
    metadata,
    Column("sequence", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("chain_id", BigInteger, nullable=False),
    Column("chain_sequence", BigInteger, nullable=False),
    Column("tenant_id", String(64), nullable=False),
    Column("at", Double, nullable=False),
    Column("actor", String(64), nullable=False),
    Column("action", String(32), nullable=False),
    Column("serial", String(64)),
    Column("outcome", String(32), nullable=False),
    Column("step", BigInteger),
    Column("hash", LargeBinary, nullable=False),
    Index("ix_audit_chain_id_chain_sequence", "chain_id", "chain_sequence", unique=True),
    Index("ix_audit_tenant_id_serial", "tenant_id", "serial", "sequence"),
)

audit_chains = Table(
    "audit_chains",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("opened_at", Double, nullable=False),
    Column("predecessor_id", BigInteger, nullable=False),
    Column("predecessor_sequence", BigInteger, nullable=False),
    Column("predecessor_hash", LargeBinary, nullable=False),
    Column("opening", LargeBinary, nullable=False),
    Column("pruned_sequence", BigInteger, nullable=False),
    Column("pruned_hash", LargeBinary, nullable=False),
)

audit_checkpoints = Table(
    "audit_checkpoints",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("made_at", Double, nullable=False),
    Column("document", Text, nullable=False),
)

signing_keys = Table(
    "signing_keys",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("public_key", LargeBinary, nullable=False),
    Column("kek_id", String(64), nullable=False),
    Column("nonce", LargeBinary, nullable=False),
    Column("ciphertext", LargeBinary, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("retired_at", Double),
)
