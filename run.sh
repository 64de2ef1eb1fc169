#!/usr/bin/env bash
# Sets up what Voxcor needs, then passes its arguments to `voxcor`:
# ./run.sh recognize SPEECH.wav
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)

PYTHON=${PYTHON:-python3}
ENVIRONMENT=$here/.venv
WANTED=$({ cat "$here/pyproject.toml"; "$PYTHON" --version; } | sha256sum)

if [ "$(cat "$ENVIRONMENT/.wanted" 2>/dev/null)" != "$WANTED" ]; then
    echo "Setting up Voxcor in $ENVIRONMENT (once) … 正在安装(仅一次)…" >&2
    if ! "$PYTHON" -c 'import ensurepip, venv' 2>/dev/null; then
        if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
            apt-get update -qq >&2 && apt-get install -y -qq python3 python3-venv >&2
        else
            echo "Python's venv module is missing. Install it: sudo apt-get install python3-venv" >&2
            exit 1
        fi
    fi
    rm -rf "$ENVIRONMENT"
    "$PYTHON" -m venv "$ENVIRONMENT" >&2
    "$ENVIRONMENT/bin/pip" install --quiet --disable-pip-version-check --editable "$here" >&2
    echo "$WANTED" >"$ENVIRONMENT/.wanted"
fi

if [ $# -eq 0 ]; then
    set -- --help
fi
exec "$ENVIRONMENT/bin/voxcor" "$@"
