#!/bin/sh
# Makes a bare machine able to run the platform: uv, the Python packages, Java with Maven, PostgreSQL.
# Idempotent; under a second when all is there. Exit codes: 0 ready, 1 something failed, 2 the command that was
# printed has to be run first. WAYPOST_NO_INSTALL=1 forbids installing system packages.
set -eu

UV_VERSION=0.13.9
OLDEST_JAVA=17
OLDEST_POSTGRES=15

root=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
cd "$root"
tools=.waypost/tools
mkdir -p .waypost

has() { command -v "$1" >/dev/null 2>&1; }

# --- what is missing --------------------------------------------------------------------------------------------

hash_of() {
    if has sha256sum; then sha256sum "$1"; else shasum -a 256 "$1"; fi | cut -d ' ' -f 1
}

docker_answers() {
    has docker || return 1
    if has timeout; then timeout 2 docker version --format '{{.Server.Version}}'; else docker version; fi >/dev/null 2>&1
}

java_is_new_enough() {
    java=java
    [ -z "${JAVA_HOME:-}" ] || java=$JAVA_HOME/bin/java
    has "$java" || return 1
    major=$("$java" -version 2>&1 | sed -n 's/.*version "\([0-9]*\).*/\1/p' | head -n 1)
    [ "${major:-0}" -ge "$OLDEST_JAVA" ]
}

jars_are_cached() {
    stamp=.waypost/cache/kafka/4.3.1/lib/stamp
    [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$(hash_of deploy/local/kafka/pom.xml)" ]
}

postgres_is_new_enough() {
    for folder in "$(pg_config --bindir 2>/dev/null || true)" /usr/lib/postgresql/*/bin /opt/homebrew/opt/postgresql*/bin; do
        [ -x "$folder/initdb" ] && [ -x "$folder/postgres" ] || continue
        major=$("$folder/postgres" --version | sed -n 's/[^0-9]*\([0-9]*\).*/\1/p')
        [ "${major:-0}" -lt "$OLDEST_POSTGRES" ] || return 0
    done
    return 1
}

uv_can_be_made() { has python3 && python3 -c 'import ensurepip, venv' >/dev/null 2>&1; }

find_uv() {
    if has uv; then uv=uv; elif [ -x "$tools/bin/uv" ]; then uv=$tools/bin/uv; else uv=; fi
}

needs=""
need() { needs="$needs $1"; }

look_around() {
    find_uv
    [ -n "$uv" ] || uv_can_be_made || need venv
    if [ -n "${WAYPOST_KAFKA:-}" ] && [ -n "${WAYPOST_POSTGRES:-}" ]; then return; fi
    if [ "${WAYPOST_ENGINE:-}" != native ] && docker_answers; then return; fi
    if [ -z "${WAYPOST_KAFKA:-}" ]; then
        java_is_new_enough || need java
        jars_are_cached || has mvn || need maven
    fi
    [ -n "${WAYPOST_POSTGRES:-}" ] || postgres_is_new_enough || need postgresql
}

# --- installing system packages ---------------------------------------------------------------------------------

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi; }

may_install() {
    [ -z "${WAYPOST_NO_INSTALL:-}" ] && has apt-get && { [ "$(id -u)" = 0 ] || { has sudo && sudo -n true 2>/dev/null; }; }
}

candidate() { apt-cache policy "$1" 2>/dev/null | sed -n 's/^ *Candidate: *\([0-9][^ ]*\).*/\1/p'; }

# The names that a package manager knows the needs by. A PostgreSQL that is too old or may not be installed is left
# out on Linux: a wheel among the Python packages takes its place.
packages_for() {
    for each in $needs; do
        case "$1:$each" in
            apt:venv) echo python3-venv ;;
            apt:java) if [ -n "$(candidate openjdk-21-jre-headless)" ]; then echo openjdk-21-jre-headless; else echo openjdk-17-jre-headless; fi ;;
            apt:postgresql) [ "$2" = printed ] || [ "$(candidate postgresql | cut -d + -f 1)" -lt "$OLDEST_POSTGRES" ] 2>/dev/null || echo postgresql ;;
            brew:venv) echo python@3.11 ;;
            brew:java) echo openjdk@17 ;;
            brew:postgresql) echo postgresql@17 ;;
            dnf:venv) echo python3 ;;
            dnf:java) echo java-17-openjdk-headless ;;
            dnf:postgresql) ;;
            *) echo "$each" ;;
        esac
    done | tr '\n' ' ' | sed 's/ $//'
}

refuse() {
    if has apt-get; then manager="sudo apt-get install -y --no-install-recommends" names=$(packages_for apt printed)
    elif has brew; then manager="brew install" names=$(packages_for brew printed)
    else manager="sudo dnf install -y" names=$(packages_for dnf printed); fi
    [ -n "$names" ] || return 0
    echo "Some programs are missing. Run this, then start again:" >&2
    echo "  $manager $names" >&2
    exit 2
}

install_packages() {
    # Without package lists nothing has a candidate, so they come first.
    [ -n "$(candidate bash)" ] || as_root apt-get update -qq
    names=$(packages_for apt installed)
    [ -n "$names" ] || return 0
    echo "Installing with apt-get: $names"
    # shellcheck disable=SC2086 # a list of names
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $names >.waypost/apt.log 2>&1 ||
        { as_root apt-get update -qq && as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $names; }
}

# --- the Python packages ----------------------------------------------------------------------------------------

sync_packages() {
    wanted=$(cat constraints.txt pyproject.toml ./*/pyproject.toml ./*/*/pyproject.toml 2>/dev/null | cksum)
    if [ -x .venv/bin/python ] && [ "$(cat .waypost/packages 2>/dev/null)" = "$wanted" ]; then return; fi
    [ -n "$uv" ] || { python3 -m venv "$tools" && "$tools/bin/pip" install -q "uv==$UV_VERSION" && uv=$tools/bin/uv; }
    if [ -f constraints.txt ]; then
        # `uv sync` follows a lock file only, and ours is not kept because it names hosts: the pins are followed here.
        [ -x .venv/bin/python ] || "$uv" venv -q
        members=$(for each in schemas libs/* services/* cli deploy/local; do echo "-e ./$each"; done)
        # shellcheck disable=SC2086 # a list of arguments
        "$uv" pip install -q --python .venv/bin/python -c constraints.txt --group dev $members
    else
        "$uv" sync -q
    fi
    echo "$wanted" >.waypost/packages
}

look_around
if [ -n "$needs" ]; then if may_install; then install_packages; else refuse; fi; fi
sync_packages
