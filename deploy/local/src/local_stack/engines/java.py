"""The Java that runs the native Kafka."""

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

OLDEST = 17


@dataclass(frozen=True, slots=True, kw_only=True)
class Java:
    """A runtime and its full version, as in `17.0.15`."""

    path: str
    version: str


def find() -> Java | None:
    """JAVA_HOME's, else the one on PATH; None when there is none or it is too old."""
    home = os.environ.get("JAVA_HOME")
    path = str(Path(home) / "bin/java") if home else shutil.which("java")
    if path is None:
        return None
    try:
        answer = subprocess.run([path, "-version"], capture_output=True, text=True, timeout=20, check=False)
    except OSError:
        return None
    found = re.search(r'version "([^"]+)"', answer.stderr + answer.stdout)
    if found is None:
        return None
    version = found.group(1)
    return Java(path=path, version=version) if _major(version) >= OLDEST else None


def _major(version: str) -> int:
    digits = re.match(r"\d+", version)
    return int(digits.group()) if digits else 0
