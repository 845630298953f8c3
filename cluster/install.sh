#!/usr/bin/env bash
# Installs the project and its pinned dependencies on a node, into ~/venv:   bash install.sh EXTRAS   (cluster, or cluster,gpu)
#
# An environment that was made from the same pyproject.toml and constraints.txt is kept. So a second `ray up` installs nothing,
# and neither does a node whose image was taken from one that had been set up: it is ready in one minute instead of five.
set -euo pipefail
extras=$1
project=$(cd "$(dirname "$0")/.." && pwd)
venv=$HOME/venv
made_from="$extras $(cat "$project/pyproject.toml" "$project/constraints.txt" | sha256sum)"

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

# Python keeps bytecode only where this is not set, and with bytecode TensorFlow is imported in half the time.
unset PYTHONDONTWRITEBYTECODE

if ! grep -qsxF "$made_from" "$venv/made-from"; then
    python=
    for candidate in python3.12 python3.11; do
        if "$candidate" -c '' 2>/dev/null; then
            python=$candidate
            break
        fi
    done
    if [ -z "$python" ]; then
        echo "install.sh: this image has neither python3.12 nor python3.11; choose another, for instance Ubuntu 24.04" >&2
        exit 1
    fi
    if ! "$python" -c 'import ensurepip' 2>/dev/null; then
        # A machine that has just booted may still be installing updates: wait for it.
        as_root apt-get -qq -o DPkg::Lock::Timeout=300 update
        as_root apt-get -qq -o DPkg::Lock::Timeout=300 install -y "$python-venv"
    fi
    rm -rf "$venv"
    "$python" -m venv "$venv"
    "$venv/bin/pip" install --quiet --compile --constraint "$project/constraints.txt" --editable "$project[$extras]"
    echo "$made_from" >"$venv/made-from"
fi
"$venv/bin/python" -m compileall -q "$project/tuner" "$project/search_spaces" "$project/analysis"
