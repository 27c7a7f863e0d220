"""Every metric of metrics."""

from prometheus_client import Counter, Gauge, Histogram

_SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)

# Nothing for minutes while applications send: look at lag_seconds for the first group that is behind.
touchpoints = Counter("journey_metrics_touchpoints_total", "Touchpoints that became visible, each once")
# Above 1: PostgreSQL is slow, or a batch has met a lock.
batch_seconds = Histogram("journey_metrics_batch_seconds", "Time to count one batch", buckets=_SECONDS)
# p95 above 5: something upstream is behind, or this reader; lag_seconds says which.
visible_seconds = Histogram("journey_metrics_visible_seconds", "Touchpoint stored to counted", buckets=_SECONDS)
# Above 60 for minutes: this group does not keep up, or stands still. Never alert on "above 0".
lag_seconds = Gauge(
    "journey_metrics_lag_seconds", "Age of the oldest record that a group has not read", ("group", "topic")
)
lag_records = Gauge("journey_metrics_lag_records", "Records that a group has not read", ("group", "topic"))
# 0 in every stage of a journey that should be busy: nobody enters; `waypost explain` tells why.
stage_profiles = Gauge("journey_metrics_stage_profiles", "Instances in a stage now", ("journey", "stage"))
# Above 0: a record the platform wrote itself could not be used; look at `<topic>-dlq`.
dead_letters = Counter("journey_metrics_dead_letters_total", "Records that could not be counted", ("topic", "code"))
