# Sourced by the scripts beside it: virtual environments that make themselves.
# shellcheck shell=bash

PYTHON=${PYTHON:-python3}

# make_environment FOLDER INSTALL WANTED...
# Makes FOLDER and calls INSTALL with its pip, unless that was done for the same content of the
# files WANTED. What a broken attempt left is thrown away.
make_environment() {
    local folder=$1 install=$2 wanted
    shift 2
    if ! "$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        echo "Python 3.11 or newer is needed (PYTHON=/path/to/python3 chooses one)." >&2
        echo "需要 Python 3.11 或更高版本(可用 PYTHON=/路径/python3 指定)。" >&2
        return 1
    fi
    wanted=$({ cat "$@"; "$PYTHON" --version; } | sha256sum)
    if [ "$(cat "$folder/.wanted" 2>/dev/null)" = "$wanted" ]; then
        return
    fi
    echo "Setting up $folder (once) … 正在安装(仅一次)…" >&2
    if ! "$PYTHON" -c 'import ensurepip, venv' 2>/dev/null; then
        if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
            { apt-get update -qq && apt-get install -y -qq python3 python3-venv; } >&2
        else
            echo "Python's venv module is missing: sudo apt-get install python3-venv" >&2
            echo "缺少 Python 的 venv 模块:sudo apt-get install python3-venv" >&2
            return 1
        fi
    fi
    rm -rf "$folder"
    "$PYTHON" -m venv "$folder" >&2
    "$install" "$folder/bin/pip" >&2
    echo "$wanted" >"$folder/.wanted"
}
