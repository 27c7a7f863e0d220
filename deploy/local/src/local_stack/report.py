"""What a person sees of a running stack."""

from urllib.parse import urlsplit

from rich.console import Console
from rich.table import Table

from local_stack.stack import Stack


def addresses(stack: Stack) -> Table:
    """Where everything is, as a table for the terminal."""
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(no_wrap=True)
    urls = stack.urls
    table.add_row("console", f"{urls['console']}/")
    table.add_row("mailbox", f"{urls['mailbox']}/   [dim](SMTP 127.0.0.1:{stack.smtp_port})[/dim]")
    table.add_row("ingest", f"{urls['ingest']}/   [dim](Segment-compatible API)[/dim]")
    for source, key in stack.write_keys.items():
        table.add_row(f"  key of {source}", key)
    table.add_row("journeys", f"{urls['stage-engine']}/   [dim](waypost publish)[/dim]")
    table.add_row("links", f"{urls['dispatcher']}/")
    table.add_row("admin token", stack.tokens["admin"])
    table.add_row("Kafka", stack.engines.kafka)
    table.add_row("PostgreSQL", stack.engines.postgres)
    for name, url in urls.items():
        if name.endswith("-admin"):
            table.add_row(f"  {name.removesuffix('-admin')}", f"{url}/metrics  {urlsplit(url).path}/readyz")
    return table


def show(stack: Stack, console: Console) -> None:
    """Print the table."""
    console.print()
    console.print(addresses(stack))
    console.print()
