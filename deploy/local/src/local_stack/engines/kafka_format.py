"""A formatted data folder: made once by Kafka's own tool, then copied with a cluster id of its own."""

import base64
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from local_stack import paths
from local_stack.engines.java import Java
from local_stack.engines.kafka_settings import Node, native_settings
from local_stack.errors import NoEngineError


def format_folder(data: Path, *, java: Java, lib: Path) -> None:
    """Make `data`, which must not exist, the data folder of a new cluster."""
    template = paths.kafka_cache() / "formatted"
    if not template.is_dir():
        _make_template(template, java=java, lib=lib)
    shutil.copytree(template, data)
    # Two clusters must not share an id: positions stored elsewhere carry it to tell one from the other.
    properties = data / "meta.properties"
    text = re.sub(
        r"(?m)^(cluster\.id|directory\.id)=.*$", lambda line: f"{line[1]}={_new_id()}", properties.read_text()
    )
    properties.write_text(text)


def _new_id() -> str:
    # A leading dash would look like an option to Kafka's tools.
    return base64.urlsafe_b64encode(os.urandom(16)).decode().rstrip("=").replace("-", "A")


def _make_template(template: Path, *, java: Java, lib: Path) -> None:
    template.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=template.parent) as scratch:
        data = Path(scratch) / "formatted"
        settings = Path(scratch) / "server.properties"
        # The ports of the template are never listened on.
        settings.write_text(native_settings(Node(data=data, port=9092, controller_port=9093)))
        tool = [java.path, "-cp", f"{lib}/*", "kafka.tools.StorageTool", "format"]
        arguments = ["-t", _new_id(), "-c", str(settings), "-g"]
        done = subprocess.run([*tool, *arguments], capture_output=True, text=True, timeout=60, check=False)
        if done.returncode != 0:
            message = f"Kafka could not format its folder:\n{done.stdout[-1000:]}{done.stderr[-1000:]}"
            raise NoEngineError(message)
        if not template.exists():
            data.rename(template)
