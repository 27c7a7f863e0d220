"""The identifier graph: profiles, identifiers, merges; the fence and positions of the one that writes it."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import BYTEA, TIMESTAMP, UUID

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_SCHEMA = "identity"
_TIME = TIMESTAMP(timezone=True)


def upgrade() -> None:
    """Migrations only go forward."""
    _owner_tables()
    _graph_tables()
    _record_tables()


def _owner_tables() -> None:
    op.create_table(
        "task_fence",
        sa.Column("task", sa.Text, primary_key=True),
        sa.Column("epoch", sa.BigInteger, nullable=False),
        sa.Column("opened_at", _TIME, nullable=False),
        sa.Column("batch_seq", sa.BigInteger, nullable=False),
        sa.Column("last_seq", sa.BigInteger, nullable=False),
        sa.Column("namespace_check", BYTEA, nullable=False),
        schema=_SCHEMA,
    )
    op.create_table(
        "position",
        sa.Column("topic", sa.Text, primary_key=True),
        sa.Column("partition", sa.Integer, primary_key=True),
        sa.Column("prev_offset", sa.BigInteger, nullable=False),
        sa.Column("next_offset", sa.BigInteger, nullable=False),
        sa.Column("batch_seq", sa.BigInteger, nullable=False),
        schema=_SCHEMA,
    )
    op.create_table(
        "seen",
        sa.Column("window_start", _TIME, primary_key=True),
        sa.Column("batch_seq", sa.BigInteger, primary_key=True),
        sa.Column("hashes", BYTEA, nullable=False),
        schema=_SCHEMA,
    )
    # Hashes do not compress: trying costs time at every batch.
    op.execute("ALTER TABLE identity.seen ALTER COLUMN hashes SET STORAGE EXTERNAL")


def _graph_tables() -> None:
    op.create_table(
        "profile",
        sa.Column("id", UUID, primary_key=True),
        sa.Column("merged_into", UUID),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("has_unique", sa.Boolean, nullable=False),
        sa.Column("identifier_count", sa.Integer, nullable=False),
        sa.Column("merge_count", sa.Integer, nullable=False),
        sa.Column("erased_at", _TIME),
        schema=_SCHEMA,
    )
    op.create_index(
        "profile_merged_into", "profile", ["merged_into"], schema=_SCHEMA,
        postgresql_where=sa.text("merged_into IS NOT NULL"),
    )  # fmt: skip
    op.create_table(
        "identifier",
        sa.Column("namespace", sa.Text, primary_key=True),
        sa.Column("value_hash", BYTEA, primary_key=True),
        sa.Column("value_enc", BYTEA, nullable=False),
        sa.Column("key_id", sa.Text, nullable=False),
        sa.Column("profile_id", UUID, nullable=False),
        sa.Column("owner_id", UUID),
        sa.Column("quarantined_at", _TIME),
        sa.Column("first_seen_at", _TIME, nullable=False),
        sa.Column("last_seen_at", _TIME, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        schema=_SCHEMA,
    )
    op.create_index("identifier_profile_id", "identifier", ["profile_id"], schema=_SCHEMA)
    op.create_index(
        "identifier_owner_id", "identifier", ["owner_id"], schema=_SCHEMA,
        postgresql_where=sa.text("owner_id IS NOT NULL"),
    )  # fmt: skip


def _record_tables() -> None:
    op.create_table(
        "merge_log",
        sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("loser", UUID, nullable=False),
        sa.Column("winner", UUID, nullable=False),
        sa.Column("rule", sa.Text, nullable=False),
        sa.Column("message_id", sa.Text, nullable=False),
        sa.Column("topic", sa.Text, nullable=False),
        sa.Column("partition", sa.Integer, nullable=False),
        sa.Column("offset", sa.BigInteger, nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.Column("batch_seq", sa.BigInteger, nullable=False),
        sa.Column("undone_by", sa.BigInteger),
        schema=_SCHEMA,
    )
    op.create_index("merge_log_origin", "merge_log", ["topic", "partition", "offset"], schema=_SCHEMA)
    op.create_index("merge_log_loser", "merge_log", ["loser"], schema=_SCHEMA)
    op.create_index("merge_log_winner", "merge_log", ["winner"], schema=_SCHEMA)
    op.create_table(
        "conflict",
        sa.Column("id", sa.BigInteger, primary_key=True),
        sa.Column("at", _TIME, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("namespace", sa.Text),
        sa.Column("value_hash", BYTEA),
        sa.Column("profile_a", UUID),
        sa.Column("profile_b", UUID),
        sa.Column("topic", sa.Text, nullable=False),
        sa.Column("partition", sa.Integer, nullable=False),
        sa.Column("offset", sa.BigInteger, nullable=False),
        schema=_SCHEMA,
    )
    op.create_index("conflict_at", "conflict", ["at"], schema=_SCHEMA)
