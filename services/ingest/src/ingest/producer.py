"""Writing to Kafka: nothing is acknowledged that a broker has not confirmed.

Writes `touchpoints` and `touchpoints-dlq`.
"""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any  # Any: aiokafka's own classes carry no types

from aiokafka.errors import KafkaError

from ingest import metrics
from ingest.errors import KafkaUnavailable, Overloaded
from journey_runtime.log import logger
from journey_schemas.headers import Headers

log = logger(__name__)

_CLOSE_S = 2.0
_BACK_OFF_S = (0.1, 0.2, 0.5, 1.0)


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One record for Kafka. `topic` is its name on the broker."""

    topic: str
    key: bytes | None
    value: bytes
    headers: Headers
    partition: int


class Writer:
    """Hands records to a producer and waits until all are confirmed.

    `connect` makes a started producer and raises KafkaError, OSError or TimeoutError while Kafka is away. The circuit
    is open, and every request refused at once, while there is no producer or while the oldest unconfirmed record is
    older than `circuit_after_s`: waiting would not help anybody.
    """

    def __init__(
        self,
        connect: Callable[[], Awaitable[Any]],
        *,
        ack_deadline_s: float,
        circuit_after_s: float,
        max_unacked_bytes: int,
    ) -> None:
        self._connect = connect
        self._ack_deadline_s = ack_deadline_s
        self._circuit_after_s = circuit_after_s
        self._max_unacked_bytes = max_unacked_bytes
        self._producer: Any = None
        self._given_up = asyncio.Event()
        self._began: dict[object, float] = {}
        self._settling: set[asyncio.Task[None]] = set()
        self.unacked_bytes = 0
        self.connected = asyncio.Event()

    async def run(self) -> None:
        """Have a producer for ever: connect, and connect anew after an error that ends a producer."""
        failures = 0
        while True:
            try:
                producer = await self._connect()
            except (KafkaError, OSError, TimeoutError) as error:
                log.warning("kafka_away", error=type(error).__name__)
                await asyncio.sleep(_BACK_OFF_S[min(failures, len(_BACK_OFF_S) - 1)])
                failures += 1
                continue
            failures = 0
            self._given_up.clear()
            self._producer = producer
            self.connected.set()
            try:
                await self._given_up.wait()
            finally:
                self._producer = None
                await close(producer, _CLOSE_S)

    def is_open(self) -> bool:
        """Whether requests are refused at once."""
        if self._producer is None:
            return True
        oldest = next(iter(self._began.values()), None)
        return oldest is not None and time.monotonic() - oldest > self._circuit_after_s

    async def store(self, records: Sequence[Outgoing]) -> None:
        """Return when Kafka has confirmed all records, in their order per partition.

        Raises `KafkaUnavailable` when one failed or was late (all may still be stored: they carry the client's ids, so
        sending them again is harmless), `Overloaded` when too many bytes wait already.
        """
        producer = self._producer
        if self.is_open():
            raise KafkaUnavailable
        if not records:
            return
        size = sum(len(record.value) for record in records)
        if self.unacked_bytes + size > self._max_unacked_bytes:
            raise Overloaded
        token = object()
        began = self._began[token] = time.monotonic()
        self.unacked_bytes += size
        sent: list[asyncio.Future[Any]] = []
        try:
            async with asyncio.timeout(self._ack_deadline_s):
                await self._send(producer, records, sent)
                await asyncio.wait(sent)
        except TimeoutError:
            log.warning("ack_late", records=len(records))
            raise KafkaUnavailable from None
        except KafkaError as error:
            self._give_up(producer, error)
            raise KafkaUnavailable from None
        finally:
            if all(future.done() for future in sent):
                self._settled(token, size)
            else:
                self._settle_later(producer, token, size, sent)
        metrics.ack_seconds.observe(time.monotonic() - began)
        self._check(producer, sent)

    async def _send(self, producer: Any, records: Iterable[Outgoing], sent: list[asyncio.Future[Any]]) -> None:
        for record in records:
            future = await producer.send(
                record.topic,
                record.value,
                record.key,
                record.partition,
                headers=list(record.headers),  # the client takes nothing but a list
            )
            sent.append(future)

    def _check(self, producer: Any, sent: Iterable[asyncio.Future[Any]]) -> None:
        failed = [error for future in sent if (error := future.exception()) is not None]
        if failed:
            self._give_up(producer, failed[0])
            raise KafkaUnavailable from failed[0]

    def _give_up(self, producer: Any, error: BaseException) -> None:
        """A batch that failed leaves a gap in the sequence numbers, and each later one of its partition fails too: the
        producer is of no more use, whatever the error was."""
        if producer is self._producer:
            log.error("producer_given_up", error=type(error).__name__)
            metrics.producer_rebuilds.inc()
            self._producer = None
            self._given_up.set()

    def _settle_later(self, producer: Any, token: object, size: int, sent: Sequence[asyncio.Future[Any]]) -> None:
        task = asyncio.create_task(self._settle(producer, token, size, sent))
        self._settling.add(task)
        task.add_done_callback(self._settling.discard)

    async def _settle(self, producer: Any, token: object, size: int, sent: Sequence[asyncio.Future[Any]]) -> None:
        """Late records count as unconfirmed until they are, however they end."""
        await asyncio.wait(sent)
        self._settled(token, size)
        with contextlib.suppress(KafkaUnavailable):
            self._check(producer, sent)

    def _settled(self, token: object, size: int) -> None:
        del self._began[token]
        self.unacked_bytes -= size


async def close(producer: Any, flush_s: float) -> None:
    """Send what is still there for at most `flush_s`, then end the producer."""
    try:
        await asyncio.wait_for(producer.flush(), flush_s)
    except TimeoutError:
        # Without a broker `stop()` waits for ever: only an accumulator that is told so forgets its records.
        producer._message_accumulator.fail_all(KafkaError("given up"))
    # `KeyError`: the client puts a batch that was failed meanwhile back into its queue.
    with contextlib.suppress(KafkaError, KeyError, TimeoutError):
        await asyncio.wait_for(producer.stop(), _CLOSE_S)
