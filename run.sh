#!/usr/bin/env bash
# Sets up what Voxcor needs, then starts the page at http://localhost:7860, or passes its
# arguments to `voxcor`: ./run.sh recognize SPEECH.wav
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/environment.sh"

install() {
    install_locked "$1" "$here/requirements/server.txt" "$here"
}

make_environment "$here/.venv" install "$here/pyproject.toml" "$here/requirements/server.txt"
if [ $# -eq 0 ]; then
    set -- serve
fi
exec "$here/.venv/bin/voxcor" "$@"
