"""One JSON object per line on stdout; `event` is a constant word, the rest are fields.

E-mail addresses and phone numbers are masked wherever they appear. Payloads are never passed in.
"""

import json
import logging
import re
import sys
import time
from datetime import UTC, datetime
from typing import TextIO

_EMAIL = re.compile(r"[\w.+%-]+@[\w-]+(?:\.[\w-]+)+")
_PHONE = re.compile(r"(?<![\w.:/-])\+\d[\d ()./-]{6,}\d(?![\w-])|(?<![\w.:/+-])0\d[\d ()/-]{6,}\d(?![\w.:-])")
_FIELDS = "waypost_fields"
_LINES_PER_MINUTE = 60


def mask(text: str) -> str:
    """The text without e-mail addresses and phone numbers."""
    return _PHONE.sub("<phone>", _EMAIL.sub("<email>", text))


class Logger:
    """Writes decisions that matter: `log.info("task_opened", task=3)`."""

    def __init__(self, name: str) -> None:
        self._log = logging.getLogger(name)

    def debug(self, event: str, **fields: object) -> None:
        """For a person who looks for a fault."""
        self._write(logging.DEBUG, event, fields)

    def info(self, event: str, **fields: object) -> None:
        """Something worth knowing happened."""
        self._write(logging.INFO, event, fields)

    def warning(self, event: str, **fields: object) -> None:
        """Something failed and is being mended."""
        self._write(logging.WARNING, event, fields)

    def error(self, event: str, **fields: object) -> None:
        """Somebody has to act."""
        self._write(logging.ERROR, event, fields)

    def exception(self, event: str, **fields: object) -> None:
        """As `error`, with the exception being handled."""
        self._log.error(event, exc_info=True, extra={_FIELDS: fields})

    def _write(self, level: int, event: str, fields: dict[str, object]) -> None:
        if self._log.isEnabledFor(level):
            self._log.log(level, event, extra={_FIELDS: fields})


def logger(name: str) -> Logger:
    """The logger of a module."""
    return Logger(name)


class _Lines(logging.Formatter):
    def __init__(self, service: str, fmt: str) -> None:
        super().__init__()
        self._service = service
        self._is_text = fmt == "text"

    def format(self, record: logging.LogRecord) -> str:
        fields: dict[str, object] = getattr(record, _FIELDS, {})
        line: dict[str, object] = {
            "ts": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "service": self._service,
            "event": record.getMessage() if hasattr(record, _FIELDS) else _word(record),
        }
        if not hasattr(record, _FIELDS):
            line["message"] = record.getMessage()
            line["logger"] = record.name
        line.update(fields)
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        if self._is_text:
            rest = " ".join(f"{name}={value}" for name, value in line.items() if name not in {"ts", "level", "event"})
            return mask(f"{line['ts']} {record.levelname:7} {line['event']} {rest}")
        return json.dumps({name: _masked(value) for name, value in line.items()}, ensure_ascii=False)


def _masked(value: object) -> object:
    if value is None or isinstance(value, bool | int | float):
        return value
    return mask(value if isinstance(value, str) else str(value))


def _word(record: logging.LogRecord) -> str:
    return record.name.split(".")[0] + "_log"


class _Rate(logging.Filter):
    """Lets a chatty library write so many lines a minute: while a broker is away its client may retry without pause."""

    def __init__(self) -> None:
        super().__init__()
        self._minute = 0
        self._count = 0

    def filter(self, record: logging.LogRecord) -> bool:
        minute = int(time.monotonic() // 60)
        if minute != self._minute:
            self._minute, self._count = minute, 0
        self._count += 1
        return self._count <= _LINES_PER_MINUTE


def setup(service: str, level: str, fmt: str, stream: TextIO | None = None) -> None:
    """Send all logging of this process to stdout (or `stream`), in `fmt` `json` or `text`."""
    handler = logging.StreamHandler(stream or sys.stdout)
    handler.setFormatter(_Lines(service, fmt))
    rate = _Rate()
    handler.addFilter(lambda record: not _is_chatty(record) or rate.filter(record))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    for name in ("aiokafka", "kafka", "faust", "mode", "httpx", "httpcore", "uvicorn", "asyncio"):
        quiet = logging.getLogger(name)
        quiet.handlers = []
        quiet.propagate = True
        quiet.setLevel(max(logging.WARNING, root.level))


def _is_chatty(record: logging.LogRecord) -> bool:
    return record.name.partition(".")[0] in {"aiokafka", "kafka", "faust", "mode", "asyncio"}
