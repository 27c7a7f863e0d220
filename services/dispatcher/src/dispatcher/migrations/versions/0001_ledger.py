"""The send ledger with its queue and outbox; consents, suppressions, aliases; versions and links."""

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_PARTS = 16

_LEDGER = """
CREATE TABLE dispatcher.send_ledger (
    command_id uuid PRIMARY KEY,
    profile_id text NOT NULL,
    origin_profile_id text NOT NULL,
    user_id text,
    anonymous_id text,
    state text NOT NULL,
    rank int NOT NULL DEFAULT 0,
    channel text,
    account text,
    category text NOT NULL,
    topic text,
    priority int NOT NULL,
    journey text NOT NULL,
    step text NOT NULL,
    instance_id text NOT NULL,
    visit int NOT NULL,
    message text NOT NULL,
    message_version text NOT NULL,
    attempt int NOT NULL DEFAULT 0,
    owner text,
    is_possible_duplicate boolean NOT NULL DEFAULT false,
    provider_message_id text,
    address_hash text,
    payload bytea,
    key_id text,
    origin jsonb NOT NULL,
    explanation jsonb NOT NULL,
    decided_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    changed_at timestamptz NOT NULL DEFAULT now()
) PARTITION BY HASH (command_id)
"""

_TABLES = (
    "CREATE INDEX send_ledger_profile_id ON dispatcher.send_ledger (profile_id, decided_at)",
    "CREATE INDEX send_ledger_waiting ON dispatcher.send_ledger (instance_id) WHERE state = 'QUEUED'",
    """
    CREATE TABLE dispatcher.send_queue (
        command_id uuid PRIMARY KEY,
        lane text NOT NULL,
        urgency smallint NOT NULL,
        due_at timestamptz NOT NULL,
        wait_reason text,
        owner text
    )
    """,
    "CREATE INDEX send_queue_free ON dispatcher.send_queue (lane, urgency, due_at) WHERE owner IS NULL",
    "CREATE INDEX send_queue_owner ON dispatcher.send_queue (owner) WHERE owner IS NOT NULL",
    """
    CREATE TABLE dispatcher.send_attempt (
        command_id uuid NOT NULL,
        attempt int NOT NULL,
        stage text,
        class text NOT NULL,
        code text,
        started_at timestamptz NOT NULL,
        ended_at timestamptz NOT NULL,
        PRIMARY KEY (command_id, attempt)
    )
    """,
    """
    CREATE TABLE dispatcher.replica (
        name text PRIMARY KEY,
        epoch bigint NOT NULL,
        beat_at timestamptz NOT NULL
    )
    """,
    """
    CREATE TABLE dispatcher.profile_alias (
        loser text PRIMARY KEY,
        winner text NOT NULL,
        seq bigint NOT NULL
    )
    """,
    "CREATE INDEX profile_alias_winner ON dispatcher.profile_alias (winner)",
    """
    CREATE TABLE dispatcher.consent_event (
        event_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        subject text NOT NULL,
        channel text NOT NULL,
        topic text NOT NULL,
        action text NOT NULL,
        is_explicit boolean NOT NULL,
        source text NOT NULL,
        actor text,
        user_agent text,
        evidence jsonb,
        at timestamptz NOT NULL
    )
    """,
    "CREATE INDEX consent_event_subject ON dispatcher.consent_event (subject, at)",
    """
    CREATE TABLE dispatcher.consent_state (
        subject text NOT NULL,
        channel text NOT NULL,
        topic text NOT NULL,
        state text NOT NULL,
        is_explicit boolean NOT NULL,
        at timestamptz NOT NULL,
        PRIMARY KEY (subject, channel, topic)
    )
    """,
    """
    CREATE TABLE dispatcher.suppression (
        address_hash text NOT NULL,
        channel text NOT NULL,
        scope text NOT NULL,
        reason text NOT NULL,
        at timestamptz NOT NULL,
        expires_at timestamptz,
        PRIMARY KEY (address_hash, channel, scope)
    )
    """,
    """
    CREATE TABLE dispatcher.address_state (
        address_hash text NOT NULL,
        channel text NOT NULL,
        status text NOT NULL,
        retired_reason text,
        last_ok_at timestamptz,
        PRIMARY KEY (address_hash, channel)
    )
    """,
    """
    CREATE TABLE dispatcher.message_version (
        id text PRIMARY KEY,
        name text NOT NULL,
        body jsonb NOT NULL,
        seen_at timestamptz NOT NULL DEFAULT now()
    )
    """,
    """
    CREATE TABLE dispatcher.link (
        version_id text NOT NULL,
        no int NOT NULL,
        target text NOT NULL,
        PRIMARY KEY (version_id, no)
    )
    """,
    """
    CREATE TABLE dispatcher.sent_link (
        command_id uuid NOT NULL,
        no int NOT NULL,
        url text NOT NULL,
        sent_on date NOT NULL,
        PRIMARY KEY (command_id, no)
    )
    """,
    """
    CREATE TABLE dispatcher.feedback_event (
        outcome_id uuid PRIMARY KEY,
        command_id uuid,
        outcome text NOT NULL,
        occurred_at timestamptz NOT NULL
    )
    """,
    """
    CREATE TABLE dispatcher.outbox (
        outbox_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        shard smallint NOT NULL,
        outcome_id uuid NOT NULL,
        record bytea NOT NULL,
        is_feedback boolean NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now()
    )
    """,
)


def upgrade() -> None:
    """Migrations only go forward."""
    op.execute(_LEDGER)
    for part in range(_PARTS):
        op.execute(
            f"CREATE TABLE dispatcher.send_ledger_{part} PARTITION OF dispatcher.send_ledger"
            f" FOR VALUES WITH (MODULUS {_PARTS}, REMAINDER {part})"
        )
    for statement in _TABLES:
        op.execute(statement)
