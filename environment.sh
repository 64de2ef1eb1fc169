# Sourced by the scripts beside it: virtual environments that make themselves from a lock file.
# shellcheck shell=bash

PYTHON=${PYTHON:-python3}

# What add_packages adds to an environment, by name; it marks it there with a file .NAME.
ADDITIONS=(library)

# make_environment FOLDER INSTALL WANTED...
# Makes FOLDER and calls INSTALL with its pip, unless that was done for the same content of the
# files WANTED. What a broken attempt left is thrown away; what was added to it stays asked for.
make_environment() {
    local folder=$1 install=$2 wanted
    shift 2
    if ! "$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        echo "Python 3.11 or newer is needed (PYTHON=/path/to/python3 chooses one)." >&2
        echo "需要 Python 3.11 或更高版本（可用 PYTHON=/路径/python3 指定）。" >&2
        return 1
    fi
    wanted=$({ cat "$@"; "$PYTHON" --version; } | sha256sum)
    if [ "$(cat "$folder/.wanted" 2>/dev/null)" = "$wanted" ]; then
        return
    fi
    echo "Setting up $folder, once; it takes about a minute. 首次安装，约需一分钟。" >&2
    if ! "$PYTHON" -c 'import ensurepip, venv' 2>/dev/null; then
        if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
            { apt-get update -qq && apt-get install -y -qq python3 python3-venv; } >&2
        else
            echo "Python's venv module is missing: sudo apt-get install python3-venv" >&2
            echo "缺少 Python 的 venv 模块：sudo apt-get install python3-venv" >&2
            return 1
        fi
    fi
    echo "· Python's environment 创建 Python 环境" >&2
    forget_content "$folder"
    "$PYTHON" -m venv "$folder" >&2
    "$install" "$folder/bin/pip" >&2
    echo "$wanted" >"$folder/.wanted"
    echo "Ready. 安装完成。" >&2
}

# quiet_pip PIP ARGS...
# pip install, with a line for each package it gets and nothing else, but for errors. Line by line:
# an awk may hold back what it reads from a pipe until there is more of it.
quiet_pip() {
    local pip=$1 line
    shift
    echo "· packages 下载软件包" >&2
    "$pip" install --disable-pip-version-check --progress-bar off "$@" | while read -r line; do
        case $line in
        "Collecting "*)
            line=${line#Collecting }
            echo "  ${line%% *}"
            ;;
        "Installing collected packages"*)
            echo "· installing them, which takes longest 安装软件包，耗时最长"
            ;;
        esac
    done
}

# install_locked PIP LOCK FOLDER
# What the lock file names, each file checked against its hash, and the package in FOLDER with
# nothing more to download: what builds it is in the lock as well.
install_locked() {
    # The lock is complete: uv made it, tests hold it. Some of it is wanted without what it asks for.
    quiet_pip "$1" --no-deps --require-hashes --requirement "$2"
    "$1" install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable "$3"
}

# add_packages FOLDER LOCK NAME MEGABYTES
# What the lock file names, into an environment that is there, unless it has them already.
add_packages() {
    local folder=$1 lock=$2 name=$3 megabytes=$4 wanted
    wanted=$(sha256sum <"$lock")
    if [ "$(cat "$folder/.$name" 2>/dev/null)" = "$wanted" ]; then
        return
    fi
    # Asked for from now on, be it interrupted.
    : >"$folder/.$name"
    echo "Adding what the $name needs to $folder, once: about $megabytes MB." \
        "首次使用，需安装约 $megabytes MB。" >&2
    # In a condition a shell goes on after a failure, whatever it was told.
    quiet_pip "$folder/bin/pip" --no-deps --require-hashes --requirement "$lock" >&2 || return
    echo "$wanted" >"$folder/.$name"
    echo "Ready. 安装完成。" >&2
}

# is_asked_for FOLDER NAME
# Whether add_packages has been asked for it, whatever has become of that.
is_asked_for() {
    [ -e "$1/.$2" ]
}

# forget_content FOLDER
# Of an environment that is made anew only the marks stay of what was asked for, without content.
forget_content() {
    local name others=()
    if [ ! -d "$1" ] || [ -L "$1" ]; then
        rm -rf "$1"
        return
    fi
    for name in "${ADDITIONS[@]}"; do
        if [ -e "$1/.$name" ]; then
            : >"$1/.$name"
        fi
        others+=(! -name ".$name")
    done
    find "$1" -mindepth 1 -maxdepth 1 "${others[@]}" -exec rm -rf {} +
}

# make_node_modules
# What package-lock.json names, each file checked against its hash, unless it is there already. npm
# and node come with the environment.
make_node_modules() {
    local wanted
    wanted=$(sha256sum package-lock.json)
    if [ "$(cat node_modules/.wanted 2>/dev/null)" != "$wanted" ]; then
        npm ci && echo "$wanted" >node_modules/.wanted
    fi
}
