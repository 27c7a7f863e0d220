"""Every metric of ingest."""

from prometheus_client import Counter, Gauge, Histogram

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)

# 4xx of one source: its application sends what we cannot use, look at the code in its answers. 5xx: look at Kafka.
requests = Counter("journey_ingest_requests_total", "Requests by how they were answered", ("source", "status"))
# `rejected` above 1 % for minutes: an application changed; its dead letters tell what.
touchpoints = Counter("journey_ingest_touchpoints_total", "Items by what became of them", ("source", "outcome"))
# Which rule the rejected items break.
rejected = Counter("journey_ingest_rejected_total", "Items that became dead letters", ("source", "code"))
# The clients' pain: they had to send again, because of us or of the network between.
retried_requests = Counter("journey_ingest_retried_requests_total", "Requests that the client sent again", ("source",))
# Above 0.25 for long: the brokers are slow or far away.
ack_seconds = Histogram(
    "journey_ingest_ack_seconds", "From handing a request to Kafka to its last ack", buckets=_SECONDS
)
# Near the limit requests are refused: Kafka is slower than what comes in, or more replicas are needed.
unacked_bytes = Gauge("journey_ingest_unacked_bytes", "Bytes handed to Kafka and not confirmed yet")
# 1: Kafka does not confirm, all requests get 503. Clients keep their data and send it again.
circuit_open = Gauge("journey_ingest_circuit_open", "Whether requests are refused because Kafka does not confirm")
# Above a few: the broker loses producer states; see its log.
producer_rebuilds = Counter("journey_ingest_producer_rebuilds_total", "Kafka producers given up after an error")
# 0: the file of sources was changed to something unusable; the last good one holds. The log names the fault.
sources_ok = Gauge("journey_ingest_sources_ok", "Whether the file of sources could be read as it is now")
