"""Consents with their proof, and standing suppressions."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any  # Any: asyncpg's rows and JSON evidence carry no types

_EVENTS = """
INSERT INTO dispatcher.consent_event (subject, channel, topic, action, is_explicit, source, actor, user_agent, evidence,
    at)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::boolean[], $6::text[], $7::text[], $8::text[],
    $9::jsonb[], $10::timestamptz[])
"""
# An older event than the one known changes nothing; of two at once the refusal holds.
_STATES = """
INSERT INTO dispatcher.consent_state AS s (subject, channel, topic, state, is_explicit, at)
SELECT DISTINCT ON (subject, channel, topic) * FROM
    unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::boolean[], $6::timestamptz[])
    AS n (subject, channel, topic, state, is_explicit, at)
ORDER BY subject, channel, topic, at DESC, state DESC
ON CONFLICT (subject, channel, topic) DO UPDATE
SET state = excluded.state, is_explicit = excluded.is_explicit, at = excluded.at
WHERE excluded.at > s.at OR (excluded.at = s.at AND excluded.state = 'opted_out')
"""
_SUPPRESS = """
INSERT INTO dispatcher.suppression (address_hash, channel, scope, reason, at, expires_at)
VALUES ($1, $2, $3, $4, now(), $5)
ON CONFLICT (address_hash, channel, scope) DO UPDATE
SET reason = excluded.reason, at = excluded.at, expires_at = excluded.expires_at
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentChange:
    """One event of consent. `state` is `opted_in` or `opted_out`; `channel` and `topic` may be `*`."""

    subject: str
    channel: str
    topic: str
    state: str
    is_explicit: bool
    source: str
    at: datetime
    actor: str | None = None
    user_agent: str | None = None
    evidence: dict[str, Any] = field(default_factory=dict)


async def change(connection: Any, changes: Sequence[ConsentChange]) -> None:
    """Keep the events and what follows from them."""
    if not changes:
        return
    # In one order everywhere, so that two at a time do not wait for each other in a circle.
    changes = sorted(changes, key=lambda one: (one.subject, one.channel, one.topic, one.at))
    events = [
        (one.subject, one.channel, one.topic, one.state, one.is_explicit, one.source, one.actor, one.user_agent,
         one.evidence, one.at)
        for one in changes
    ]  # fmt: skip
    states = [(one.subject, one.channel, one.topic, one.state, one.is_explicit, one.at) for one in changes]
    await connection.execute(_EVENTS, *[list(column) for column in zip(*events, strict=True)])
    await connection.execute(_STATES, *[list(column) for column in zip(*states, strict=True)])


async def suppress(
    connection: Any, *, address_hash: str, channel: str, scope: str, reason: str, expires_at: datetime | None
) -> None:
    """Let an address stand suppressed."""
    await connection.execute(_SUPPRESS, address_hash, channel, scope, reason, expires_at)


async def lift(connection: Any, *, address_hash: str, channel: str, scope: str) -> bool:
    """End a standing suppression; False when there was none."""
    status = await connection.execute(
        "DELETE FROM dispatcher.suppression WHERE address_hash = $1 AND channel = $2 AND scope = $3",
        address_hash, channel, scope,
    )  # fmt: skip
    return str(status) != "DELETE 0"


async def suppressions(connection: Any, address_hash: str) -> list[Any]:
    """All of an address."""
    rows: list[Any] = await connection.fetch(
        "SELECT channel, scope, reason, at, expires_at FROM dispatcher.suppression WHERE address_hash = $1"
        " ORDER BY channel, scope",
        address_hash,
    )
    return rows
