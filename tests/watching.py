"""What a process tries to reach and what it writes, as the kernel sees it: strace, line by line.

Attempts count, not successes: on a machine without a network a look-up fails and was made.
"""

import ipaddress
import os
import re
import shutil
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

_NETWORK_CALLS = ("connect", "sendto", "sendmsg", "sendmmsg")
_OPENING_CALLS = ("open", "openat", "openat2")
_MAKING_CALLS = (
    *("creat", "mkdir", "mkdirat", "mknod", "mknodat", "link", "linkat", "symlink", "symlinkat"),
    *("rename", "renameat", "renameat2"),
)
# Whoever has a ring can do all of these without a call of these names.
_UNWATCHABLE = "io_uring_setup"
_CALLS = (*_NETWORK_CALLS, *_OPENING_CALLS, *_MAKING_CALLS, _UNWATCHABLE)

# The GNU C library reads these to look a name up, and nothing else does.
_RESOLVER_FILES = ("/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf", "/etc/gai.conf")

_ADDRESS = re.compile(r'inet_addr\("([^"]+)"\)|inet_pton\(AF_INET6, "([^"]+)"')
_SOCKET_FILE = re.compile(r'sun_path=@?"([^"]+)"')
_PATH = re.compile(r'"((?:[^"\\]|\\.)*)"')
_WRITES = re.compile(r"O_WRONLY|O_RDWR|O_CREAT")


@dataclass(frozen=True, slots=True)
class Seen:
    """`network` are calls that would leave this machine; `written` are absolute paths."""

    network: tuple[str, ...]
    written: frozenset[Path]

    def written_outside(self, *folders: Path) -> set[Path]:
        """What was written elsewhere than in these folders, and that is no device."""
        allowed = [*map(Path.resolve, folders), Path("/dev"), Path("/proc")]
        return {
            path for path in self.written if not any(path.is_relative_to(one) for one in allowed)
        }


def require_strace() -> None:
    """Skips the test, with the reason, where system calls cannot be watched."""
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed (apt-get install strace)")
    tried = subprocess.run(["strace", "-o", os.devnull, "true"], check=False, capture_output=True)
    if tried.returncode:
        pytest.skip(f"strace cannot watch here: {tried.stderr.decode().strip()}")


def watched(log: Path, command: Sequence[str]) -> list[str]:
    """The command that runs `command` and all its children under watch; signals reach it."""
    # seccomp: only calls of these names stop the process, so that it runs at its usual speed.
    return [
        "strace",
        "-D",
        "-f",
        "--seccomp-bpf",
        "-e",
        # The question mark: not every processor has every call.
        "trace=" + ",".join(f"?{call}" for call in _CALLS),
        "-o",
        str(log),
        *command,
    ]


def read(log: Path, folder: Path) -> Seen:
    """What the log of a process that has ended tells; it ran in `folder`."""
    network: list[str] = []
    written: set[Path] = set()
    for line in _complete(log):
        call, _, rest = line.partition(" ")[2].strip().partition("(")
        if call == _UNWATCHABLE:
            network.append(line)
        elif call in _NETWORK_CALLS:
            if _leaves(rest):
                network.append(line)
        elif "= -1 E" in rest:
            continue
        elif paths := _PATH.findall(rest):
            if paths[0] in _RESOLVER_FILES:
                network.append(line)
            if call not in _OPENING_CALLS or _WRITES.search(rest):
                written.add(Path(os.path.normpath(folder / paths[-1])))
    return Seen(tuple(network), frozenset(written))


def _complete(log: Path) -> list[str]:
    """The lines of a log, once the first process in it has ended there, too."""
    deadline = time.monotonic() + 60
    while True:
        lines = log.read_text(errors="replace").splitlines()
        first = lines[0].split()[0]
        if any(line.split()[:2] == [first, "+++"] for line in lines):
            return lines
        assert time.monotonic() < deadline, "strace does not come to an end"
        time.sleep(0.05)


def _leaves(arguments: str) -> bool:
    """Whether a call speaks to anybody but a process of this machine that is no resolver."""
    if file := _SOCKET_FILE.search(arguments):
        return "nscd" in file[1] or "resolve" in file[1]
    addresses = [one or other for one, other in _ADDRESS.findall(arguments)]
    # A name server on loopback asks another one; port 0 is a question about routes, unsent.
    return bool(addresses) and (
        "htons(53)" in arguments
        or not all(ipaddress.ip_address(address).is_loopback for address in addresses)
    )


def empty_home(tmp_path: Path) -> dict[str, str]:
    """Variables under which everything a process may leave behind lies below `tmp_path`."""
    names = {"HOME": "home", "TMPDIR": "temporary", "VOXCOR_HOME": "voxcor"}
    for name in names.values():
        (tmp_path / name).mkdir()
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("XDG_", "VOXCOR_", "ORT_"))}
    return {**kept, **{variable: str(tmp_path / name) for variable, name in names.items()}}
