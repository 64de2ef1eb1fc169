#!/usr/bin/env bash
# Everything a reviewer would run, in an environment of its own: style, types, layers, tests.
# ./test.sh            all of it
# ./test.sh ARGS...    only pytest, with these arguments
set -euo pipefail
cd "$(dirname "$0")"

step() { printf '\n== %s\n' "$*"; }

PYTHON=${PYTHON:-python3}
ENVIRONMENT=.venv-test
WANTED=$({ cat pyproject.toml "$0"; "$PYTHON" --version; } | sha256sum)

if [ "$(cat "$ENVIRONMENT/.wanted" 2>/dev/null)" != "$WANTED" ]; then
    step "Environment: $ENVIRONMENT"
    if ! "$PYTHON" -c 'import ensurepip, venv' 2>/dev/null; then
        if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
            apt-get update -qq && apt-get install -y -qq python3 python3-venv
        else
            echo "Python's venv module is missing. Install it: sudo apt-get install python3-venv" >&2
            exit 1
        fi
    fi
    rm -rf "$ENVIRONMENT"
    "$PYTHON" -m venv "$ENVIRONMENT"
    "$ENVIRONMENT/bin/pip" install --quiet --disable-pip-version-check --editable '.[dev]'
    # The reference that our numbers are held against. FunASR's model code runs on these alone;
    # the rest of what its package asks for (a gigabyte) is not needed.
    "$ENVIRONMENT/bin/pip" install --quiet --disable-pip-version-check torch==2.13.0 omegaconf setuptools
    "$ENVIRONMENT/bin/pip" install --quiet --disable-pip-version-check --no-deps funasr==1.4.16
    echo "$WANTED" >"$ENVIRONMENT/.wanted"
fi
export PATH="$PWD/$ENVIRONMENT/bin:$PATH"

if [ $# -gt 0 ]; then
    exec python -m pytest "$@"
fi

step "Style"
ruff check .
ruff format --check .
step "Types"
mypy
step "Layers"
lint-imports
step "Tests"
python -m pytest
