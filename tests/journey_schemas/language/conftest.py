"""Projects written into a folder of their own."""

from collections.abc import Callable
from pathlib import Path

import pytest

from journey_schemas.project import Project, load

TOUCHPOINTS = """
Order Completed:
  kind: external
  owner: shop
  properties: {total: money, product: text, paid: boolean, at: time, order_id: text, products: [{sku: text}]}
Account Closed: {kind: external, owner: shop}
"""
MESSAGES = "message: hello\ncategory: service\nchannels: {email: {subject: Hello, body: Hi}}\n"
POLICY = "topics: {offers: {consent: opt_in}}\nsenders: {email: {default: {from: Shop <a@shop.example>}}}\n"

Write = Callable[..., Project]


@pytest.fixture
def project(tmp_path: Path) -> Write:
    """Writes files beside those every project here has (a catalogue, a message, a policy), and loads the folder."""

    def write(files: dict[str, str | bytes], **journeys: str) -> Project:
        standard = {"touchpoints.yaml": TOUCHPOINTS, "hello.message.yaml": MESSAGES, "policy.yaml": POLICY}
        named = {f"{name}.journey.yaml": text for name, text in journeys.items()}
        for file, content in {**standard, **named, **files}.items():
            path = tmp_path / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return load(tmp_path)

    return write
