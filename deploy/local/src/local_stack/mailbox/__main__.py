"""`python -m local_stack.mailbox`: the SMTP server and its pages in one process."""

import asyncio
import logging
from datetime import UTC, datetime

from pydantic_settings import BaseSettings, SettingsConfigDict

from journey_runtime import http
from journey_runtime.run import run
from local_stack.mailbox import smtp, web
from local_stack.mailbox.store import Store


class MailboxSettings(BaseSettings):
    """Where it listens. Port 0: any free one."""

    model_config = SettingsConfigDict(env_prefix="WAYPOST_MAILBOX_", frozen=True)

    # Both sides stay on loopback: whatever is sent here is shown to whoever asks.
    bind: str = "127.0.0.1"
    port: int = 8025
    smtp_port: int = 2525


async def main(stop: asyncio.Event) -> int | None:
    """Serve until asked to stop."""
    # The SMTP library logs every command of every mail.
    logging.getLogger("mail.log").setLevel(logging.ERROR)
    settings, store = MailboxSettings(), Store()
    keeper = smtp.Keeper(store, lambda: datetime.now(UTC))
    async with (
        smtp.serve(keeper, settings.bind, settings.smtp_port) as smtp_port,
        http.serve(web.app(store), settings.bind, settings.port) as port,
    ):
        print(f"mailbox: SMTP {settings.bind}:{smtp_port}, pages http://{settings.bind}:{port}/", flush=True)
        await stop.wait()
    return 0


if __name__ == "__main__":
    run(main)
