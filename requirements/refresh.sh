#!/usr/bin/env bash
# Writes the lock files beside it from pyproject.toml, for Python 3.11 and newer on every system.
# requirements/refresh.sh              what pyproject.toml asks for now, all else as it was
# requirements/refresh.sh --upgrade    the newest of everything that it allows
# requirements/refresh.sh --upgrade-package onnxruntime
set -euo pipefail
cd "$(dirname "$0")/.."

PATH="$PWD/.venv-test/bin:$PATH"
# Where pip looks on this machine, uv is to look as well; no address is written into a file.
index=${PIP_INDEX_URL:-$(python3 -m pip config get global.index-url 2>/dev/null || true)}
if [ -n "$index" ]; then
    export UV_DEFAULT_INDEX=$index
fi

compile() {
    uv pip compile --quiet --universal --python-version 3.11 --fork-strategy fewest \
        --generate-hashes --custom-compile-command requirements/refresh.sh pyproject.toml "$@"
}

# What ./run.sh, Docker and the systemd guide install.
compile --extra server --extra parquet --group build "$@" --output-file requirements/server.txt
# What `./run.sh library` adds: the same versions.
compile --extra library --constraint requirements/server.txt "$@" \
    --output-file requirements/library.txt
# What ./test.sh installs: the same versions, and torch afterwards, which test.sh says why.
compile --extra dev --group build --group reference --group lock --no-emit-package torch \
    --constraint requirements/server.txt --constraint requirements/library.txt "$@" \
    --output-file requirements/dev.txt

# What ./test.sh checks the page's code with: package.json names each version. Addresses for gifts
# are left out.
npm install --package-lock-only
node --input-type=module --eval '
    import { readFileSync, writeFileSync } from "node:fs";
    const lock = JSON.parse(readFileSync("package-lock.json", "utf8"));
    for (const entry of Object.values(lock.packages)) delete entry.funding;
    writeFileSync("package-lock.json", `${JSON.stringify(lock, null, 2)}\n`);
'
