"""What the orchestrator asks: is it alive, has it started, can it work now."""

import time
from collections.abc import Callable
from typing import TypedDict

_TICK_LIMIT_S = 5.0
_PROGRESS_LIMIT_S = 60.0


class Check(TypedDict):
    """One named reason; `since` is RFC 3339 in UTC."""

    name: str
    ok: bool
    since: str
    detail: str


class Body(TypedDict):
    """The answer to one question."""

    ok: bool
    checks: list[Check]


class Health:
    """Checks by name. What work needs is reported by `report`; `ready` is all of them.

    `tick` is called by the event loop, `progress` by the main loop whenever it moved or was idle by right. Without a
    main loop (`progress` never called) only the event loop counts.
    """

    def __init__(self, service: str, version: str, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.service = service
        self.version = version
        self._monotonic = monotonic
        self._checks: dict[str, Check] = {}
        self._started = False
        self._tick: float | None = None
        self._progress: float | None = None

    def report(self, name: str, ok: bool, detail: str = "") -> None:  # noqa: FBT001 - read as "report kafka ok"
        """Say how one thing is; `since` moves only when `ok` changes."""
        before = self._checks.get(name)
        since = before["since"] if before is not None and before["ok"] == ok else _now()
        self._checks[name] = Check(name=name, ok=ok, since=since, detail=detail)

    def mark_started(self) -> None:
        """Settings, schema and topics are checked, the first connection stands."""
        self._started = True

    def stopping(self) -> None:
        """From now on not ready."""
        self.report("stopping", ok=False, detail="asked to stop")

    def tick(self) -> None:
        """The event loop runs."""
        self._tick = self._monotonic()

    def progress(self) -> None:
        """The main loop moved, or was idle by right."""
        self._progress = self._monotonic()

    def live(self) -> Body:
        """Whether a restart would help; never depends on Kafka or PostgreSQL."""
        now = self._monotonic()
        checks = [_check("event_loop", ok=self._tick is None or now - self._tick <= _TICK_LIMIT_S)]
        if self._progress is not None:
            checks.append(_check("main_loop", ok=now - self._progress <= _PROGRESS_LIMIT_S))
        return Body(ok=all(check["ok"] for check in checks), checks=checks)

    def started(self) -> Body:
        """Whether the start is over."""
        return Body(ok=self._started, checks=[_check("started", ok=self._started)])

    def ready(self) -> Body:
        """Whether it can work now."""
        checks = list(self._checks.values())
        return Body(ok=self._started and all(check["ok"] for check in checks), checks=checks)


def _check(name: str, *, ok: bool) -> Check:
    return Check(name=name, ok=ok, since=_now(), detail="")


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
