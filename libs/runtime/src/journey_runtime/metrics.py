"""Every metric of the plumbing; Prometheus' `job` label tells the service."""

from prometheus_client import Counter, Gauge, Histogram

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)

# Rising `dead_lettered`: read the dead letters before the breaker trips. `duplicate` is 0 in normal life: look for
# positions moved by hand.
records = Counter("journey_runtime_records_total", "Records by what became of them", ("topic", "outcome"))
# `aborted` or `fenced` above a few: look at the broker, then for two owners of one task.
transactions = Counter("journey_runtime_transactions_total", "Transactions by how they ended", ("outcome",))
# Which step a slow batch spends its time in.
batch_seconds = Histogram("journey_runtime_batch_seconds", "Time of a batch by step", ("step",), buckets=_SECONDS)
# Fewer open than expected for longer than an opening takes: the log says what an opening waits for.
tasks_open = Gauge("journey_runtime_tasks_open", "Tasks that process records now")
tasks_expected = Gauge("journey_runtime_tasks_expected", "Tasks assigned to this process")
# Many an hour: processes come and go, or sessions are too short.
rebalances = Counter("journey_runtime_rebalances_total", "Times the tasks were shared out anew")
# Stops when stuck, moves when idle.
last_progress = Gauge("journey_runtime_last_progress_timestamp_seconds", "When the tasks last moved or were idle")
# Grows while something upstream is behind; timers wait as long.
clock_lag = Gauge("journey_runtime_clock_lag_seconds", "Wall time less the lowest clock of the own partitions")
# Above 0: the machine's wall clock was set; timers stood still for a minute.
clock_jumps = Counter("journey_runtime_clock_jumps_total", "Jumps of the wall clock against the monotonic one")
# Which failure makes tasks open again.
reopens = Counter("journey_runtime_reopens_total", "Tasks opened again after a failure", ("cause",))
# Large after each start: the local copy is lost each time.
restored_records = Counter("journey_runtime_restored_records_total", "Changelog records read to catch up")
