#!/usr/bin/env bash
# Sets up what Voxcor needs, then passes its arguments to `voxcor`:
# ./run.sh recognize SPEECH.wav
# Without arguments it recognises the example inside the package.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/environment.sh"

install() {
    "$1" install --quiet --disable-pip-version-check --editable "$here"
}

make_environment "$here/.venv" install "$here/pyproject.toml"
if [ $# -eq 0 ]; then
    set -- recognize --granularity segment --no-save "$here/src/voxcor/example.flac"
fi
exec "$here/.venv/bin/voxcor" "$@"
