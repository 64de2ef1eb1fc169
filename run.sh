#!/usr/bin/env bash
# Sets up what Voxcor needs, then starts the page at http://localhost:7860.
# ./run.sh ARGS...   passes them to `voxcor`: ./run.sh recognize SPEECH.wav
# ./run.sh library ARGS...   the same, and gets the library's packages at the first time
# ./run.sh link      puts the command `voxcor` into your own folder of programs
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/environment.sh"

install() {
    install_locked "$1" "$here/requirements/server.txt" "$here"
}

# A link to the environment's own command, never over anything else.
link() {
    local command=$here/.venv/bin/voxcor folder=${XDG_BIN_HOME:-$HOME/.local/bin}
    local link=$folder/voxcor
    if [ "$(readlink "$link")" != "$command" ]; then
        if [ -e "$link" ] || [ -L "$link" ]; then
            echo "$link is there already, and not ours; nothing was changed." >&2
            echo "$link 已存在且不是本程序创建的；未作任何更改。" >&2
            return 1
        fi
        mkdir -p "$folder"
        ln -s "$command" "$link"
    fi
    echo "voxcor: $link -> $command" >&2
    case ":$PATH:" in
    *":$folder:"*) ;;
    *)
        echo "$folder is not on PATH; add it: export PATH=\"$folder:\$PATH\"" >&2
        echo "$folder 不在 PATH 中；添加方法：export PATH=\"$folder:\$PATH\"" >&2
        ;;
    esac
}

make_environment "$here/.venv" install "$here/pyproject.toml" "$here/requirements/server.txt"
if [ "${1-}" = link ]; then
    link
    exit
fi
library() {
    add_packages "$here/.venv" "$here/requirements/library.txt" library 600
}

if [ "${1-}" = library ]; then
    library
elif is_asked_for "$here/.venv" library && ! library; then
    echo "Going on without the library; ./run.sh library tries again." \
        "暂时没有库的功能；可用 ./run.sh library 重试。" >&2
fi
if [ $# -eq 0 ]; then
    set -- serve
fi
# What hints begin with. A name alone, as in `bash run.sh`, is no command.
case $0 in
*/*) command=$0 ;;
*) command=./$0 ;;
esac
VOXCOR_COMMAND=$(printf %q "$command")
VOXCOR_ADDS=library
export VOXCOR_COMMAND VOXCOR_ADDS
exec "$here/.venv/bin/voxcor" "$@"
