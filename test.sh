#!/usr/bin/env bash
# Everything a reviewer would run, in an environment of its own: style, types, layers, tests.
# ./test.sh            all of it
# ./test.sh ARGS...    only pytest, with these arguments
# ./test.sh --newest   whether anything leaves, with the newest that pyproject.toml allows
set -euo pipefail
cd "$(dirname "$0")"
. ./environment.sh

step() { printf '\n== %s\n' "$*"; }

install() {
    install_locked "$1" requirements/dev.txt .
    # Without a hash: its wheel for this version is another one on each index, with CUDA or without.
    # What it needs but CUDA is locked. Only tests and the recipe of `small` use it.
    quiet_pip "$1" torch==2.13.0
}

install_newest() {
    quiet_pip "$1" --editable '.[dev]'
}

# What tests need beside Python: a program, and Debian's package that has it. Where one cannot be
# installed, they say so and skip.
debian_packages() {
    local missing=() pair
    for pair in caddy:caddy chromium:chromium curl:curl jq:jq nginx:nginx-light \
        openssl:openssl strace:strace systemd-analyze:systemd; do
        PATH=$PATH:/usr/sbin command -v "${pair%:*}" >/dev/null || missing+=("${pair#*:}")
    done
    if [ ${#missing[@]} -eq 0 ]; then
        return
    elif [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        apt-get update -qq
        # Debian starts a server that it installs; the tests start their own.
        for package in "${missing[@]/chromium/chromium fonts-noto-cjk fonts-noto-color-emoji}"; do
            # shellcheck disable=SC2086
            RUNLEVEL=1 apt-get install -y -qq --no-install-recommends $package >/dev/null ||
                echo "$package cannot be installed; its tests skip" >&2
        done
    else
        echo "Some tests will skip; they need: sudo apt-get install ${missing[*]}" >&2
    fi
}

step "Debian's packages"
debian_packages

if [ "${1-}" = --newest ]; then
    step "Environment of the newest"
    rm -rf .venv-newest
    make_environment .venv-newest install_newest pyproject.toml
    .venv-newest/bin/pip list --disable-pip-version-check
    step "Nothing leaves"
    exec .venv-newest/bin/python -m pytest tests/project/test_nothing_leaves.py
fi

step "Environment"
make_environment .venv-test install pyproject.toml requirements/dev.txt test.sh environment.sh
export PATH="$PWD/.venv-test/bin:$PATH"

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
step "The page's style and types"
if make_node_modules; then
    npm run --silent style
    npm run --silent types
else
    echo "What checks the page's code cannot be had from npm; it is not checked" >&2
fi
step "Tests"
# More files at a time than cores: many tests wait for a server, a browser or a process of their own.
# Threads that wait for each other leave the cores to them.
export OMP_WAIT_POLICY=passive
python -m pytest -n 3 --dist loadfile --durations 25 --durations-min 8
