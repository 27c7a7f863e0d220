"""Why a request is refused: each with the HTTP status and the code that clients see."""

from collections.abc import Mapping


class IngestFault(Exception):  # noqa: N818 - the root; its kinds say what the client is told
    """Root of all that ingest raises on purpose."""


class Refusal(IngestFault):
    """The request is answered with `status`, `code` and a message that holds no value of the request."""

    def __init__(self, status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.headers = dict(headers or {})


class RequestTooLarge(Refusal):
    """More bytes or items than a request may have."""

    def __init__(self, message: str) -> None:
        super().__init__(413, "request_too_large", message)


class TryLater(Refusal):
    """Nothing is promised for this request: the client shall send it again."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(503, code, message, {"Retry-After": "1"})


class KafkaUnavailable(TryLater):
    """Kafka did not confirm, or is known not to."""

    def __init__(self) -> None:
        super().__init__("kafka_unavailable", "the touchpoints could not be stored; send them again")


class Overloaded(TryLater):
    """As much is in work as this replica takes."""

    def __init__(self) -> None:
        super().__init__("overloaded", "too much is in work here; send it again")


class BadSources(IngestFault):
    """The file of sources cannot be used."""
