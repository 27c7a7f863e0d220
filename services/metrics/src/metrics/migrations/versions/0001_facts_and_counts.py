"""Facts as they came, the counts kept beside them, aliases of profiles, and where reading stands."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_SCHEMA = "metrics"
_TIME = TIMESTAMP(timezone=True)


def upgrade() -> None:
    """Migrations only go forward."""
    _reading()
    _people()
    _touchpoints()
    _journeys()
    _messages()
    _counts()
    _views()


def _text(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text, nullable=False) for name in names]


def _key(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text, primary_key=True) for name in names]


def _reading() -> None:
    op.create_table(
        "read_position",
        *_key("topic"),
        sa.Column("partition", sa.Integer, primary_key=True),
        sa.Column("next_offset", sa.BigInteger),
        sa.Column("epoch", sa.BigInteger, nullable=False),
        *_text("owner"),
        schema=_SCHEMA,
    )


def _people() -> None:
    op.create_table("profile", *_key("profile_id"), sa.Column("merged_into", sa.Text), schema=_SCHEMA)
    op.create_index(
        "profile_merged_into",
        "profile",
        ["merged_into"],
        schema=_SCHEMA,
        postgresql_where=sa.text("merged_into IS NOT NULL"),
    )
    op.create_table(
        "merge_log",
        sa.Column("seq", sa.BigInteger, primary_key=True),
        *_text("loser", "winner"),
        sa.Column("merged_at", _TIME, nullable=False),
        schema=_SCHEMA,
    )
    op.create_index("merge_log_loser", "merge_log", ["loser"], schema=_SCHEMA)
    op.create_table("identifier", *_key("namespace", "value", "profile_id"), schema=_SCHEMA)
    op.create_index("identifier_profile", "identifier", ["profile_id"], schema=_SCHEMA)


def _touchpoints() -> None:
    op.create_table(
        "touch",
        *_key("fact_id"),
        sa.Column("occurred_at", _TIME, nullable=False),
        sa.Column("received_at", _TIME, nullable=False),
        *_text("profile_id", "origin_profile_id", "source", "event", "name"),
        sa.Column("properties", JSONB, nullable=False),
        schema=_SCHEMA,
    )
    op.create_index("touch_person", "touch", ["profile_id", "occurred_at"], schema=_SCHEMA)


def _journeys() -> None:
    op.create_table(
        "instance",
        *_key("instance_id"),
        sa.Column("first_at", _TIME, nullable=False),
        *_text("profile_id", "journey", "version"),
        sa.Column("entered_at", _TIME),
        sa.Column("exited_at", _TIME),
        *_text("reason"),
        sa.Column("objective_at", _TIME),
        schema=_SCHEMA,
    )
    op.create_index("instance_person", "instance", ["profile_id"], schema=_SCHEMA)
    op.create_table(
        "stage_visit",
        *_key("instance_id"),
        sa.Column("visit", sa.Integer, primary_key=True),
        sa.Column("first_at", _TIME, nullable=False),
        *_text("profile_id", "journey", "version", "stage"),
        sa.Column("entered_at", _TIME),
        sa.Column("left_at", _TIME),
        *_text("exit_to", "reason", "cause"),
        sa.Column("stay_s", sa.Double, sa.Computed("extract(epoch FROM left_at - entered_at)", persisted=True)),
        schema=_SCHEMA,
    )
    op.create_index("stage_visit_person", "stage_visit", ["profile_id"], schema=_SCHEMA)
    for name, column, where in (
        ("stage_visit_stay", "stay_s", "stay_s IS NOT NULL"),
        ("stage_visit_inside", "entered_at", "left_at IS NULL AND entered_at IS NOT NULL"),
    ):
        columns = ["journey", "stage", column]
        op.create_index(name, "stage_visit", columns, schema=_SCHEMA, postgresql_where=sa.text(where))
    op.create_table(
        "stage_reached",
        *_key("instance_id", "stage"),
        sa.Column("reached_at", _TIME, nullable=False),
        *_text("journey", "version"),
        schema=_SCHEMA,
    )
    op.create_table(
        "passing",
        *_key("transition_id"),
        *_text("kind"),
        sa.Column("at", _TIME, nullable=False),
        *_text("profile_id", "journey", "version", "instance_id"),
        sa.Column("visit", sa.Integer, nullable=False),
        *_text("stage", "step", "way", "cause"),
        schema=_SCHEMA,
    )
    op.create_index("passing_person", "passing", ["profile_id"], schema=_SCHEMA)


def _messages() -> None:
    op.create_table(
        "delivery",
        *_key("command_id", "outcome"),
        sa.Column("at", _TIME, nullable=False),
        *_text("profile_id", "journey", "version", "instance_id"),
        sa.Column("visit", sa.Integer, nullable=False),
        *_text("stage", "step", "message", "channel", "reason"),
        sa.Column("explanation", JSONB, nullable=False),
        schema=_SCHEMA,
    )
    op.create_index("delivery_person", "delivery", ["profile_id"], schema=_SCHEMA)


def _counts() -> None:
    count = sa.Column("n", sa.BigInteger, nullable=False)
    day = sa.Column("day", sa.Date, primary_key=True)
    op.create_table(
        "journey_daily",
        *_key("journey", "version"),
        day.copy(),
        *_key("kind", "stage", "way"),
        count.copy(),
        schema=_SCHEMA,
    )
    op.create_table(
        "message_daily",
        *_key("journey", "stage", "message"),
        day.copy(),
        *_key("channel", "outcome", "reason"),
        count.copy(),
        schema=_SCHEMA,
    )
    op.create_table("touch_daily", *_key("event"), day.copy(), count.copy(), schema=_SCHEMA)
    op.create_table("people_total", *_key("kind"), count.copy(), schema=_SCHEMA)


def _views() -> None:
    """What Grafana may read: counts without personal data."""
    op.execute("""
        CREATE VIEW metrics.report_stage_stock AS
        SELECT journey, stage, sum(n)::bigint AS n FROM (
            SELECT journey, stage, n FROM metrics.journey_daily WHERE kind = 'stage_entered'
            UNION ALL
            SELECT journey, stage, -n FROM metrics.journey_daily WHERE kind = 'moved' AND stage <> 'entry'
        ) flows GROUP BY journey, stage
    """)
    op.execute("""
        CREATE VIEW metrics.report_messages AS
        SELECT journey, stage, message, channel, outcome, reason, day, n FROM metrics.message_daily
    """)
    op.execute("""
        DO $$ BEGIN
            IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'waypost_reader') THEN
                GRANT USAGE ON SCHEMA metrics TO waypost_reader;
                GRANT SELECT ON metrics.report_stage_stock, metrics.report_messages TO waypost_reader;
            END IF;
        END $$
    """)
