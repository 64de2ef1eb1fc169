#!/usr/bin/env bash
# Everything a reviewer would run, in an environment of its own: style, types, layers, tests.
# ./test.sh            all of it
# ./test.sh ARGS...    only pytest, with these arguments
set -euo pipefail
cd "$(dirname "$0")"
. ./environment.sh

step() { printf '\n== %s\n' "$*"; }

install() {
    "$1" install --quiet --disable-pip-version-check --editable '.[dev]'
    # The reference that our numbers are held against. FunASR's model code runs on these alone;
    # the rest of what its package asks for (a gigabyte) is not needed.
    "$1" install --quiet --disable-pip-version-check torch==2.13.0 omegaconf setuptools peft
    # Likewise what Label Studio holds tasks against its interfaces with.
    "$1" install --quiet --disable-pip-version-check httpx jsf lxml pyjwt xmljson
    "$1" install --quiet --disable-pip-version-check --no-deps \
        funasr==1.4.16 label-studio-sdk==2.1.2
}

step "Environment"
make_environment .venv-test install pyproject.toml test.sh
export PATH="$PWD/.venv-test/bin:$PATH"

# The page is tried in Debian's Chromium; where it cannot be installed, those tests say so and skip.
if ! command -v chromium >/dev/null && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    step "Chromium"
    apt-get update -qq && apt-get install -y -qq chromium fonts-noto-cjk fonts-noto-color-emoji >/dev/null
fi

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
