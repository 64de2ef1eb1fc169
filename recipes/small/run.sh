#!/usr/bin/env bash
# The recipe on a fresh machine: makes its own environment, then passes its arguments to train.py:
# recipes/small/run.sh --corpora PATH --install
# With `evaluate` as the first argument, to evaluate.py.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
repository=$(cd "$here/../.." && pwd)
. "$repository/environment.sh"

install() {
    "$1" install --quiet --disable-pip-version-check --editable "$repository" torch==2.13.0
}

make_environment "$repository/.venv-small" install "$repository/pyproject.toml" "$0"
step=train
if [[ ${1:-} == evaluate ]]; then
    step=evaluate
    shift
fi
exec "$repository/.venv-small/bin/python" "$here/$step.py" "$@"
