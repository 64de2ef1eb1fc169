#!/usr/bin/env bash
# Sets up what Voxcor needs, then starts the page at http://localhost:7860, or passes its
# arguments to `voxcor`: ./run.sh recognize SPEECH.wav
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/environment.sh"

install() {
    "$1" install --quiet --disable-pip-version-check --editable "$here[server]"
}

make_environment "$here/.venv" install "$here/pyproject.toml"
if [ $# -eq 0 ]; then
    set -- serve
fi
exec "$here/.venv/bin/voxcor" "$@"
