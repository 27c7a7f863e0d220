"""Setting a bare machine up: it says what it does, asks for exactly one command, and is quick the second time."""

import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

_CHECKOUT = Path(__file__).parents[2]
# What the script itself uses; everything else on PATH is a fake.
_TOOLS = (
    *("sh", "cat", "sed", "cut", "tr", "head", "dirname", "mkdir", "cksum", "sha256sum", "env", "ls", "rm", "chmod"),
    "timeout",
)
_JAVA = "echo 'openjdk version \"{version}\"' >&2"
_UV = "mkdir -p .venv/bin && echo >.venv/bin/python && chmod +x .venv/bin/python"
_CANDIDATES = {"bash": "5.2", "openjdk-17-jre-headless": "17.0.15", "postgresql": "15+248"}


@dataclass
class Machine:
    """A scratch checkout and a PATH of fakes, each of which notes that it was called."""

    root: Path

    def fake(self, name: str, script: str = "") -> None:
        file = self.root / "bin" / name
        file.write_text(f'#!/bin/sh\necho "{name} $*" >>"{self.root}/calls"\n{script}\n')
        file.chmod(0o755)

    def is_root(self, *, is_so: bool) -> None:
        self.fake("id", "echo 0" if is_so else "echo 1000")

    def has_apt(self, candidates: dict[str, str]) -> None:
        cases = " ".join(f"{name}) echo '  Candidate: {version}' ;;" for name, version in candidates.items())
        self.fake("apt-cache", f'case "$2" in {cases} esac')
        self.fake("apt-get")

    def set_up(self, **env: str) -> subprocess.CompletedProcess[str]:
        command = [str(self.root / "deploy/local/setup.sh")]
        path = {"PATH": str(self.root / "bin"), "HOME": str(self.root)}
        return subprocess.run(command, env=path | env, capture_output=True, text=True, timeout=30, check=False)

    @property
    def calls(self) -> list[str]:
        file = self.root / "calls"
        return file.read_text().splitlines() if file.exists() else []


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """Debian with uv, without Java and Maven; not root."""
    (tmp_path / "bin").mkdir()
    for tool in _TOOLS:
        found = shutil.which(tool)
        assert found is not None, tool
        (tmp_path / "bin" / tool).symlink_to(found)
    (tmp_path / "deploy/local/kafka").mkdir(parents=True)
    for file in ("deploy/local/setup.sh", "deploy/local/kafka/pom.xml", "pyproject.toml"):
        shutil.copy(_CHECKOUT / file, tmp_path / file)
    machine = Machine(tmp_path)
    machine.is_root(is_so=False)
    machine.has_apt(_CANDIDATES)
    machine.fake("uv", _UV)
    # Whatever PostgreSQL the real machine has, this one has it too.
    (tmp_path / "postgres").mkdir()
    machine.fake("pg_config", f"echo {tmp_path}/postgres")
    for name, script in (("initdb", ""), ("postgres", "echo 'postgres (PostgreSQL) 15.13'")):
        machine.fake(name, script)
        (tmp_path / "bin" / name).rename(tmp_path / "postgres" / name)
    return machine


def _asked_for(done: subprocess.CompletedProcess[str]) -> list[str]:
    return [line.strip() for line in done.stderr.splitlines() if line.startswith("  ")]


def _installed(machine: Machine) -> list[str]:
    return [call for call in machine.calls if call.startswith("apt-get install")]


@pytest.mark.parametrize("env", [{}, {"WAYPOST_NO_INSTALL": "1"}])
def test_without_leave_to_install_it_prints_exactly_one_command(machine: Machine, env: dict[str, str]) -> None:
    machine.is_root(is_so="WAYPOST_NO_INSTALL" in env)
    done = machine.set_up(**env)
    assert done.returncode == 2
    assert _asked_for(done) == ["sudo apt-get install -y --no-install-recommends openjdk-17-jre-headless maven"]
    assert _installed(machine) == []


def test_with_leave_it_says_what_it_installs_and_goes_on(machine: Machine) -> None:
    machine.is_root(is_so=True)
    machine.has_apt(_CANDIDATES | {"openjdk-21-jre-headless": "21.0.7"})
    done = machine.set_up()
    assert done.returncode == 0, done.stderr
    assert "Installing with apt-get: openjdk-21-jre-headless maven" in done.stdout
    assert len(_installed(machine)) == 1
    assert any(call.startswith("uv sync") for call in machine.calls)


def test_sudo_without_a_password_is_leave_to_install(machine: Machine) -> None:
    machine.fake("sudo", 'shift; exec "$@"')
    machine.fake("true")
    done = machine.set_up()
    assert done.returncode == 0, done.stderr
    assert len(_installed(machine)) == 1


def test_when_all_is_there_nothing_is_installed_and_the_second_time_is_quick(machine: Machine) -> None:
    machine.fake("java", _JAVA.format(version="17.0.15"))
    machine.fake("mvn")
    assert machine.set_up().returncode == 0
    synced = machine.calls.count("uv sync -q")
    began = time.monotonic()
    assert machine.set_up().returncode == 0
    assert time.monotonic() - began < 1
    assert (synced, machine.calls.count("uv sync -q")) == (1, 1)
    assert _installed(machine) == []


def test_a_java_that_is_too_old_counts_as_missing(machine: Machine) -> None:
    machine.fake("java", _JAVA.format(version="11.0.2"))
    machine.fake("mvn")
    done = machine.set_up()
    assert done.returncode == 2
    assert _asked_for(done) == ["sudo apt-get install -y --no-install-recommends openjdk-17-jre-headless"]


@pytest.mark.parametrize("is_docker", [True, False])
def test_given_engines_or_docker_need_no_programs(machine: Machine, *, is_docker: bool) -> None:
    env = {} if is_docker else {"WAYPOST_KAFKA": "127.0.0.1:1", "WAYPOST_POSTGRES": "postgresql://127.0.0.1/x"}
    if is_docker:
        machine.fake("docker", "echo 27.0")
    assert machine.set_up(**env).returncode == 0
    assert _installed(machine) == []


def test_where_pins_are_kept_they_are_followed(machine: Machine) -> None:
    machine.fake("java", _JAVA.format(version="17.0.15"))
    machine.fake("mvn")
    (machine.root / "constraints.txt").write_text("httpx==0.28.1\n")
    assert machine.set_up().returncode == 0
    assert any("pip install" in call and "-c constraints.txt" in call for call in machine.calls)
    assert not any(call.startswith("uv sync") for call in machine.calls)


def test_the_script_stays_short() -> None:
    assert len((_CHECKOUT / "deploy/local/setup.sh").read_text().splitlines()) <= 150
