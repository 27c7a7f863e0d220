"""Every metric of the dispatcher. Labels are channels, accounts and closed lists; never a profile."""

from prometheus_client import Counter, Gauge, Histogram

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)

# `suppressed` of one reason jumps: a release or an import changed consents; `no_account`: see providers.yaml.
decisions = Counter("journey_dispatcher_decisions_total", "Commands by verdict", ("channel", "verdict", "reason"))
# `ambiguous`: the relay drops connections after taking mail. `permanent_account`: credentials, somebody has to act.
attempts = Counter("journey_dispatcher_attempts_total", "Tries at providers by class", ("channel", "account", "class"))
# The provider's part of the way.
provider_seconds = Histogram(
    "journey_dispatcher_provider_seconds",
    "From the first byte to the provider's answer",
    ("channel",),
    buckets=_SECONDS,
)
# Rising at steady traffic: more connections (`concurrency`) or a faster relay.
command_seconds = Histogram(
    "journey_dispatcher_command_seconds", "From the command's decision to the provider's answer", ("channel",),
    buckets=_SECONDS,
)  # fmt: skip
# Above a minute: the account is paused or too slow; the log says which.
queue_oldest_seconds = Gauge("journey_dispatcher_queue_oldest_seconds", "Age of the oldest due command", ("lane",))
# Commands whose outcome nobody can know. Each is shown as `unknown`; many: processes die while they send.
unknown = Counter("journey_dispatcher_unknown_total", "Commands closed as unknown", ("channel",))
# Not closed yet: between an answer that did not come and the guarantee's verdict. Stays above 0: reconciling stands.
unknown_open = Gauge("journey_dispatcher_unknown_open", "Commands being sent by processes that are gone", ("channel",))
# The same command again: normal after a restart; steadily: two engines write.
repeats = Counter("journey_dispatcher_repeats_total", "Commands that the ledger already had")
# Which feedback comes in.
feedback = Counter("journey_dispatcher_feedback_total", "What people did with messages", ("provider", "outcome"))
# Growing: Kafka does not take deliveries; the read side and journeys wait for them.
outbox_oldest_seconds = Gauge("journey_dispatcher_outbox_oldest_seconds", "Age of the oldest unpublished delivery")
# 1: the account is out of use until its fault is mended; its messages wait.
account_paused = Gauge("journey_dispatcher_account_paused", "Whether an account takes nothing", ("account",))
