#!/usr/bin/env bash
# The recipe on a fresh machine: makes its own environment, then passes its arguments to train.py:
# recipes/tiny/run.sh --corpora PATH --install
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
repository=$(cd "$here/../.." && pwd)
. "$repository/environment.sh"

install() {
    "$1" install --quiet --disable-pip-version-check --editable "$repository" torch==2.13.0
}

make_environment "$repository/.venv-tiny" install "$repository/pyproject.toml" "$0"
exec "$repository/.venv-tiny/bin/python" "$here/train.py" "$@"
