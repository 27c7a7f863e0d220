"""Every metric of identity. No ids in labels."""

import time

from prometheus_client import Counter, Gauge, Histogram

from identity.state import NEWEST, Noted, State
from journey_runtime.processor import Effects
from journey_schemas.marker import Merged

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)

# `duplicate` above a few percent: a client sends again what was stored. `dead_lettered`: read `touchpoints-dlq`.
touchpoints = Counter(
    "journey_identity_touchpoints_total", "Records of touchpoints by what became of them", ("outcome",)
)
# A jump of `shared_identifier`: one value joins many people; find it in the conflicts.
merges = Counter("journey_identity_merges_total", "Pairs of profiles that became one", ("rule",))
# A jump: devices are shared, or an application sends one value for everybody.
conflicts = Counter("journey_identity_conflicts_total", "Identifiers set aside by a rule", ("kind",))
# Above 0.1: compare with `sql_seconds`, and with `journey_runtime_batch_seconds` by step.
batch_seconds = Histogram(
    "journey_identity_batch_seconds", "From loading a batch to Kafka's commit of it", buckets=_SECONDS
)
# Rises: PostgreSQL is slow, or a batch holds many new people.
sql_seconds = Histogram(
    "journey_identity_sql_seconds",
    "Time of a batch in PostgreSQL: load, commit",
    ("step",),
    buckets=_SECONDS,
)
# How old the newest resolved record was when it became visible.
lag_seconds = Gauge("journey_identity_lag_seconds", "Age of the newest resolved touchpoint at its commit", ("topic",))
# Below the hours set: so many message ids come that the oldest are forgotten early.
dedupe_window = Gauge("journey_identity_dedupe_window_seconds", "How far back message ids are remembered")
# Rises when warm: more people are active than the cache holds.
cache_misses = Counter("journey_identity_cache_misses_total", "Identifiers that were asked of PostgreSQL")
# Each one: the former owner died between its two commits. Many: look why it dies.
pending_openings = Counter(
    "journey_identity_pending_openings_total", "Openings that found a batch without Kafka's commit"
)
# Rises by one per opening.
epoch = Gauge("journey_identity_epoch", "Epoch of the graph's owner")


def observe(effects: Effects[State]) -> None:
    """Count what a committed batch did."""
    for topic, count in effects.processed.items():
        touchpoints.labels("resolved").inc(count)
        newest = effects.states.get(NEWEST)
        if isinstance(newest, int):
            lag_seconds.labels(topic).set(max(0.0, time.time() - newest / 1000))
    touchpoints.labels("duplicate").inc(sum(effects.duplicates.values()))
    touchpoints.labels("dead_lettered").inc(len(effects.dead))
    for state in effects.states.values():
        if isinstance(state, Merged):
            merges.labels(state.rule).inc()
        elif isinstance(state, Noted):
            conflicts.labels(state.conflict.kind).inc()
