"""The jars of the native Kafka: resolved once by Maven, checked by hash at every start."""

import hashlib
import shutil
import subprocess
import tempfile
from pathlib import Path

from local_stack import paths
from local_stack.errors import DamagedJarsError, NoEngineError

_FETCH_S = 600.0


def jars() -> Path:
    """The folder that holds them. Fetches them when they are missing or of another pom.

    Raises NoEngineError without Maven or when Maven fails, DamagedJarsError when a hash differs.
    """
    folder = paths.kafka_cache() / "lib"
    if not are_cached():
        _fetch(folder)
    _check(folder)
    return folder


def are_cached() -> bool:
    """Whether the jars of today's pom are there, so that neither Maven nor a network is needed."""
    stamp = paths.kafka_cache() / "lib/stamp"
    return stamp.is_file() and stamp.read_text() == _stamp()


def _stamp() -> str:
    return hashlib.sha256(paths.POM.read_bytes()).hexdigest()


def _fetch(folder: Path) -> None:
    maven = shutil.which("mvn")
    if maven is None:
        message = "Maven is missing, and the jars of Kafka are not in the cache"
        raise NoEngineError(message)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        fresh = Path(scratch) / "lib"
        wanted = ["-DincludeScope=runtime", f"-DoutputDirectory={fresh}"]
        goal = [maven, "-q", "-B", "-f", str(paths.POM), "dependency:copy-dependencies", *wanted]
        try:
            done = subprocess.run(goal, capture_output=True, text=True, timeout=_FETCH_S, check=False)
        except subprocess.TimeoutExpired as late:
            message = f"Maven did not fetch the jars of Kafka within {_FETCH_S:.0f} s"
            raise NoEngineError(message) from late
        if done.returncode != 0:
            message = f"Maven could not fetch the jars of Kafka (exit {done.returncode}):\n{done.stdout[-2000:]}"
            raise NoEngineError(message)
        _check(fresh)
        (fresh / "stamp").write_text(_stamp())
        if folder.exists():
            folder.rename(Path(scratch) / "former")
        # Two starts at once fetch the same jars: the second finds them there, and that is as good.
        if not folder.exists():
            fresh.rename(folder)


def _check(folder: Path) -> None:
    lines = [line.split() for line in paths.JAR_HASHES.read_text().splitlines()]
    wanted = {name: hashed for hashed, name in lines}
    found = {jar.name: hashlib.sha256(jar.read_bytes()).hexdigest() for jar in folder.glob("*.jar")}
    wrong = sorted(name for name in wanted.keys() | found.keys() if wanted.get(name) != found.get(name))
    if wrong:
        message = f"these jars are not the ones in {paths.JAR_HASHES.name}: {', '.join(wrong)}; delete {folder}"
        raise DamagedJarsError(message)
