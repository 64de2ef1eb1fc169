#!/usr/bin/env bash
# The recipe on a fresh machine: makes its own environment, then passes its arguments to train.py:
# recipes/tiny/run.sh --corpora PATH --install
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
repository=$(cd "$here/../.." && pwd)

PYTHON=${PYTHON:-python3}
ENVIRONMENT=$repository/.venv-tiny

if [ ! -e "$ENVIRONMENT/.complete" ]; then
    rm -rf "$ENVIRONMENT"
    "$PYTHON" -m venv "$ENVIRONMENT"
    "$ENVIRONMENT/bin/pip" install --quiet --disable-pip-version-check \
        --editable "$repository" torch==2.13.0
    touch "$ENVIRONMENT/.complete"
fi

exec "$ENVIRONMENT/bin/python" "$here/train.py" "$@"
