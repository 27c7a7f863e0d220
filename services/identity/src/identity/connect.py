"""What must be known of the broker before the first record is decoded."""

import asyncio
import contextlib

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from journey_runtime.clients import security
from journey_runtime.health import Health
from journey_runtime.log import logger
from journey_runtime.settings import RuntimeSettings

log = logger(__name__)

_BACK_OFF_S = (0.1, 5.0)


async def cluster_id(settings: RuntimeSettings, health: Health, stop: asyncio.Event) -> str:
    """The cluster's own id, asked until a broker answers. Empty when asked to stop before."""
    pause, longest = _BACK_OFF_S
    while not stop.is_set():
        admin = AIOKafkaAdminClient(**security(settings), request_timeout_ms=10_000)
        try:
            await admin.start()
            found = str((await admin.describe_cluster())["cluster_id"])
        except (KafkaError, OSError) as error:
            health.report("kafka", ok=False, detail=type(error).__name__)
            log.warning("broker_away", error=type(error).__name__)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), pause)
            pause = min(pause * 2, longest)
        else:
            return found
        finally:
            await admin.close()
    return ""
