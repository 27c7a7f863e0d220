"""The order system's way in: a plain Kafka producer that knows nothing of Waypost but the topic and the JSON."""

import json
from typing import Any  # Any: touchpoints as JSON; aiokafka carries no types

from aiokafka import AIOKafkaProducer

GARBAGE = (
    b"{not json",
    b'"a string"',
    b'{"type":"track","event":"Order Completed"}',
    b'{"type":"noise","userId":"u"}',
    b"\xff\xfe",
)


class KafkaUplink:
    """Writes to `touchpoints` with the order id as key, and with whatever partitioner the client brings along."""

    def __init__(self, bootstrap: str, topic: str) -> None:
        self.sent_twice = 0
        self.garbage = 0
        self._topic = topic
        self._producer: Any = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all", linger_ms=5)

    async def start(self) -> None:
        """Connect."""
        await self._producer.start()

    async def close(self) -> None:
        """Flush and close."""
        await self._producer.stop()

    async def send(self, item: dict[str, Any], *, key: str, is_repeated: bool) -> None:
        """Store one touchpoint, perhaps twice, as a producer without idempotence does after a lost answer."""
        value = json.dumps(item).encode()
        await self._producer.send_and_wait(self._topic, value, key=key.encode())
        if is_repeated:
            await self._producer.send_and_wait(self._topic, value, key=key.encode())
            self.sent_twice += 1

    async def litter(self) -> None:
        """Write what nobody can use."""
        for value in GARBAGE:
            await self._producer.send_and_wait(self._topic, value, key=b"garbage")
            self.garbage += 1
