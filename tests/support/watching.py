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

from voxcor import telemetry

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
    """`reached` are calls that would leave this machine, `looked_up` those that ask for a name.

    `written` are absolute paths.
    """

    reached: tuple[str, ...]
    looked_up: tuple[str, ...]
    written: frozenset[Path]

    @property
    def network(self) -> tuple[str, ...]:
        return self.reached + self.looked_up

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
    reached: list[str] = []
    looked_up: list[str] = []
    written: set[Path] = set()
    for line in _complete(log):
        call, _, rest = line.partition(" ")[2].strip().partition("(")
        if call == _UNWATCHABLE:
            reached.append(line)
        elif call in _NETWORK_CALLS:
            if file := _SOCKET_FILE.search(rest):
                if "nscd" in file[1] or "resolve" in file[1]:
                    looked_up.append(line)
            elif _leaves(rest):
                reached.append(line)
        elif "= -1 E" in rest:
            continue
        elif paths := _PATH.findall(rest):
            if paths[0] in _RESOLVER_FILES:
                looked_up.append(line)
            if call not in _OPENING_CALLS or _WRITES.search(rest):
                written.add(Path(os.path.normpath(folder / paths[-1])))
    return Seen(tuple(reached), tuple(looked_up), frozenset(written))


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
    """Whether a call speaks to another machine, or to a name server."""
    addresses = [one or other for one, other in _ADDRESS.findall(arguments)]
    # A name server on loopback asks another one; port 0 is a question about routes, unsent.
    return bool(addresses) and ("htons(53)" in arguments or not all(map(_is_loopback, addresses)))


def _is_loopback(written: str) -> bool:
    address = ipaddress.ip_address(written)
    return (getattr(address, "ipv4_mapped", None) or address).is_loopback


def empty_home(tmp_path: Path) -> dict[str, str]:
    """Variables under which everything a process may leave behind lies below `tmp_path`."""
    names = {"HOME": "home", "TMPDIR": "temporary", "VOXCOR_HOME": "voxcor"}
    for name in names.values():
        (tmp_path / name).mkdir()
    # OpenVINO reports nothing where it finds itself in a test.
    told = ("XDG_", "VOXCOR_", "CI", *telemetry.SWITCHES)
    kept = {k: v for k, v in os.environ.items() if not k.startswith(told)}
    return {
        **kept,
        **{variable: str(tmp_path / name) for variable, name in names.items()},
        "PYTHONDONTWRITEBYTECODE": "1",  # beside a source that is imported for the first time
    }


def watch(tmp_path: Path, *commands: str, **environment: str) -> Seen:
    """Runs a shell's commands one after another, all under one watch, in an empty home and folder.

    They are to succeed, and to leave nothing in HOME, in TMPDIR and where they run.
    """
    log, folder = tmp_path / "calls", tmp_path / "folder"
    folder.mkdir()
    done = subprocess.run(
        watched(log, ["sh", "-e", "-c", "\n".join(commands)]),
        check=False,
        capture_output=True,
        text=True,
        cwd=folder,
        env={**empty_home(tmp_path), **environment},
    )
    assert done.returncode == 0, done.stderr
    left = [path for n in ("home", "temporary", "folder") for path in (tmp_path / n).rglob("*")]
    assert not left, left
    return read(log, folder)
