"""What a disk may hold after a kill or a power cut at any moment of a program that writes.

`record` runs a program under strace and keeps each system call that changes a folder; `states`
plays them on a model of a file system and gives, after each, every tree that a reader may find:

- `kill`: what the calls have done so far. The system survives; its page cache does.
- `power cut`: several trees, since nobody knows what had reached the disk by itself.
    * nothing that was not forced: a file is as at its last fsync, and empty where there was none; a
      folder has the names it had at its own last fsync.
    * all names but no content that was not forced: of zero length, or of its length and zeros (a
      delayed allocation; pages that were never written).
    * all names but one, and only one: changes of names that were not forced, in any order.

Why that is fair: POSIX promises what fsync has forced and nothing more, and the trees are the
extremes of what file systems were seen to do with the rest (ext4, XFS and btrfs with their options;
Pillai et al., "All File Systems Are Not Created Equal", OSDI 2014). It is harsher than any of them:
ext4 forces the name of a new file along with the file, and keeps the order of changes in a folder.
What holds here holds there. Two things are taken as the disk's own promise: a rename is one step,
also between folders, and what fsync has returned from is there. Memory maps are not followed; of
what Voxcor writes only SQLite's `-shm` is one, which SQLite never reads after a crash.
"""

import hashlib
import os
import re
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

CALLS = (
    "open,openat,openat2,creat,close,dup,dup2,dup3,fcntl,clone,clone3,fork,vfork,read,pread64,"
    "readv,lseek,write,pwrite64,writev,sendfile,copy_file_range,ftruncate,truncate,fallocate,fsync,fdatasync,"
    "sync_file_range,rename,renameat,renameat2,unlink,unlinkat,mkdir,mkdirat,rmdir,link,linkat,"
    "symlink,symlinkat"
)

# Written to standard output by a program: from here on it has promised what it wrote.
PROMISE = b"@@promised\n"

_LINE = re.compile(r"(\d+) +(\w+)\((.*)\) += (-?\d+|0x[0-9a-f]+)(.*)", re.DOTALL)
_TEXT = re.compile(r'"((?:\\x[0-9a-f]{2})*)"(\.\.\.)?')
_EXCHANGE = "RENAME_EXCHANGE"


@dataclass(eq=False)
class Node:
    """A file or a folder: as programs see it, and as it was last forced to the disk."""

    folder: bool
    data: bytearray = field(default_factory=bytearray)
    forced: bytes = b""
    names: dict[str, "Node"] = field(default_factory=dict)
    forced_names: dict[str, "Node"] = field(default_factory=dict)
    _kept: bytes | None = None

    @property
    def content(self) -> bytes:
        """As programs see it; the same object until it changes."""
        if self._kept is None:
            self._kept = bytes(self.data)
        return self._kept

    @property
    def zeros(self) -> bytes:
        """Of its length, and zeros where it was not forced."""
        length = len(self.data)
        same = self.content == self.forced
        return self.content if same else (self.forced + bytes(length))[:length]

    def put(self, at: int, data: bytes) -> None:
        self.data.extend(bytes(max(0, at - len(self.data))))
        self.data[at : at + len(data)] = data
        self._kept = None

    def cut(self, length: int) -> None:
        del self.data[length:]
        self.data.extend(bytes(length - len(self.data)))
        self._kept = None


@dataclass
class Open:
    """An open file: where in it the next byte goes."""

    node: Node
    at: int = 0
    append: bool = False


# A change of names that is one step: folder, name, and what it meant before and after.
Change = tuple[tuple[Node, str, Node | None, Node | None], ...]

# Of a tree: the content by path; None for a folder.
Tree = dict[str, bytes | None]


@dataclass(frozen=True)
class State:
    """A tree that may be found after `step`; `promised` says whether the program had promised."""

    kind: str  # kill, power cut
    step: str
    promised: bool
    tree: Tree


def record(
    command: Sequence[str], trace: Path, **environment: str
) -> "subprocess.CompletedProcess":
    """Runs a program under strace, its changes in `trace`."""
    strace = ["strace", "-f", "-xx", "-s", "100000000", "-o", str(trace), "--seccomp-bpf"]
    return subprocess.run(
        [*strace, "-e", f"trace={CALLS}", "-e", "signal=none", *command],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
    )


def states(trace: Path, root: Path, before: Tree) -> Iterator[State]:
    """Each different tree below `root`, in the order of the calls in `trace`.

    Args:
        trace: as `record` wrote it.
        root: the folder that is watched.
        before: what was there, on the disk.
    """
    disk = Disk(root, before)
    seen: set[bytes] = set()
    for step in disk.play(trace):
        for kind, tree in disk.trees():
            key = digest(tree, disk.promised)
            if key not in seen:
                seen.add(key)
                yield State(kind, step, disk.promised, tree)


def read_tree(root: Path) -> Tree:
    """The tree on a real disk."""
    return {
        str(path.relative_to(root)): None if path.is_dir() else path.read_bytes()
        for path in sorted(root.rglob("*"))
    }


def write_tree(tree: Tree, root: Path) -> None:
    """A tree on a real disk, in an empty folder."""
    for name, content in tree.items():
        if content is None:
            (root / name).mkdir(parents=True, exist_ok=True)
        else:
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_bytes(content)


class Disk:
    """The model: nodes below one root, and what of their names was not forced yet."""

    def __init__(self, root: Path, before: Tree) -> None:
        self.root = os.fspath(root)
        self.promised = False
        self._top = Node(folder=True)
        self._open: dict[tuple[int, int], Open] = {}
        self._process: dict[int, int] = {}
        self._pending: list[Change] = []
        for name, content in before.items():
            parent, last = self._place(f"{self.root}/{name}")
            node = Node(content is None, bytearray(content or b""), content or b"")
            parent.names[last] = parent.forced_names[last] = node

    def play(self, trace: Path) -> Iterator[str]:
        """Does what the calls did; names each that has changed something, after it."""
        unfinished: dict[str, str] = {}
        for line in trace.read_text().split("\n"):
            pid, _, rest = line.partition(" ")
            rest = rest.lstrip()
            if rest.endswith("<unfinished ...>"):
                unfinished[pid] = rest.removesuffix("<unfinished ...>").rstrip()
                continue
            if rest.startswith("<... ") and "resumed>" in rest:
                rest = unfinished.pop(pid, "") + rest.partition("resumed>")[2].lstrip()
            found = _LINE.fullmatch(f"{pid} {rest}")
            if found is None:
                continue
            call, arguments, result = found[2], found[3], int(found[4], 0)
            if result >= 0 and self._do(int(pid), call, arguments, result):
                yield f"{call}({_shown(arguments)})"

    def trees(self) -> Iterator[tuple[str, Tree]]:
        """What may be found now."""
        changed = [c for c in self._pending if any(_is_pending(change) for change in c)]
        self._pending = changed
        yield "kill", self._tree(lambda n: n.names, lambda n: n.content)
        yield "power cut", self._tree(lambda n: n.forced_names, lambda n: n.forced)
        yield "power cut", self._tree(lambda n: n.names, lambda n: n.forced)
        yield "power cut", self._tree(lambda n: n.names, lambda n: n.zeros)
        for change in changed:
            lost = _pending_only(change, before=True)
            yield (
                "power cut",
                self._tree(lambda n, lost=lost: {**n.names, **lost.get(n, {})}, lambda n: n.forced),
            )
            kept = _pending_only(change, before=False)
            yield (
                "power cut",
                self._tree(
                    lambda n, kept=kept: {**n.forced_names, **kept.get(n, {})}, lambda n: n.forced
                ),
            )

    def _tree(self, names: object, content: object) -> Tree:
        tree: Tree = {}

        def walk(node: Node, path: str, above: tuple[Node, ...]) -> None:
            for name, child in names(node).items():  # type: ignore[operator]
                if child is None or child in above:
                    continue
                tree[path + name] = None if child.folder else content(child)  # type: ignore[operator]
                if child.folder:
                    walk(child, f"{path}{name}/", (*above, child))

        walk(self._top, "", (self._top,))
        return tree

    def _do(self, pid: int, call: str, arguments: str, result: int) -> bool:
        """Whether it has changed something, or promised."""
        group = self._process.get(pid, pid)
        texts = [bytes.fromhex(t.replace("\\x", "")) for t, _ in _TEXT.findall(arguments)]
        numbers = re.split(r", *", _TEXT.sub('""', arguments))
        first = int(numbers[0]) if re.fullmatch(r"-?\d+", numbers[0]) else -1
        file = self._open.get((group, first))
        if call in ("clone", "clone3", "fork", "vfork"):
            shared = "CLONE_THREAD" in arguments
            self._process[result] = group if shared else result
            if not shared:
                copies = [(fd, o) for (owner, fd), o in self._open.items() if owner == group]
                self._open.update({(result, fd): o for fd, o in copies})
            return False
        if call in ("open", "openat", "openat2", "creat"):
            return self._do_open(group, call, arguments, texts[0], first, result)
        if call == "close":
            self._open.pop((group, first), None)
        elif call in ("dup", "dup2", "dup3") or (call == "fcntl" and "F_DUPFD" in arguments):
            if file:
                self._open[group, result] = file
        elif call == "lseek" and file:
            file.at = result
        elif call in ("read", "readv") and file:
            file.at += result
        elif call in ("write", "writev"):
            data = b"".join(texts)[:result]
            if first == 1 and data == PROMISE:
                self.promised = True
                return True
            if file:
                file.at = len(file.node.data) if file.append else file.at
                return self._put(file.node, file.at, data, file)
        elif call == "pwrite64" and file:
            return self._put(file.node, int(numbers[3]), texts[0][:result])
        elif call in ("sendfile", "copy_file_range"):
            return self._do_copy(group, call, numbers, result)
        elif call == "ftruncate" and file:
            file.node.cut(int(numbers[1]))
            return True
        elif call == "fallocate" and file:
            file.node.cut(max(len(file.node.data), int(numbers[2]) + int(numbers[3])))
            return True
        elif call in ("fsync", "fdatasync") and file:
            file.node.forced = file.node.content
            file.node.forced_names = dict(file.node.names)
            return True
        elif call in ("truncate", "symlink", "symlinkat"):
            if any(text.startswith(os.fsencode(self.root)) for text in texts):
                raise NotImplementedError(call)  # nothing that Voxcor writes does so
        else:
            return self._do_names(group, call, arguments, texts)
        return False

    def _do_open(
        self, group: int, call: str, arguments: str, name: bytes, folder: int, result: int
    ) -> bool:
        self._open.pop((group, result), None)
        found = self._at(group, folder if call in ("openat", "openat2") else -1, name)
        if found is None:
            return False
        parent, last = found
        node = self._top if last == "" else parent.names.get(last)
        changed = False
        if node is None and ("O_CREAT" in arguments or call == "creat"):
            node = Node(folder=False)
            self._change((parent, last, None, node))
            changed = True
        if node is None:  # a file without a name, or one that was made unseen
            return False
        if "O_TRUNC" in arguments and node.data:
            node.cut(0)
            changed = True
        self._open[group, result] = Open(node, append="O_APPEND" in arguments)
        return changed

    def _do_copy(self, group: int, call: str, numbers: list[str], count: int) -> bool:
        out, source = (0, 1) if call == "sendfile" else (2, 0)
        target = self._open.get((group, int(numbers[out])))
        origin = self._open.get((group, int(numbers[source])))
        if target is None:
            return False
        if origin is None:
            raise NotImplementedError(f"{call} from outside of {self.root}")
        data = origin.node.content[origin.at : origin.at + count]
        origin.at += len(data)
        return self._put(target.node, target.at, data, target)

    def _do_names(self, group: int, call: str, arguments: str, texts: list[bytes]) -> bool:
        at = [int(n) for n in re.findall(r"(?:^|, )(\d+), \"", arguments)]
        folders = at if call.endswith("at") or call == "renameat2" else []
        places = [
            self._at(group, folders[i] if i < len(folders) else -1, text)
            for i, text in enumerate(texts)
        ]
        if call in ("mkdir", "mkdirat") and places[0]:
            parent, last = places[0]
            return self._change((parent, last, None, Node(folder=True)))
        if call in ("unlink", "unlinkat", "rmdir") and places[0]:
            parent, last = places[0]
            return self._change((parent, last, parent.names.get(last), None))
        if call in ("link", "linkat") and all(places):
            (parent, last), (target, new) = (place for place in places if place)
            return self._change((target, new, None, parent.names.get(last)))
        if call.startswith("rename") and all(places):
            (parent, last), (target, new) = (place for place in places if place)
            moved, replaced = parent.names.get(last), target.names.get(new)
            back = replaced if _EXCHANGE in arguments else None
            return self._change((target, new, replaced, moved), (parent, last, moved, back))
        if any(places):
            raise NotImplementedError(f"{call} into or out of {self.root}")
        return False

    def _change(self, *changes: tuple[Node, str, Node | None, Node | None]) -> bool:
        for folder, name, _, after in changes:
            if after is None:
                folder.names.pop(name, None)
            else:
                folder.names[name] = after
        self._pending.append(changes)
        return True

    def _put(self, node: Node, at: int, data: bytes, moved: Open | None = None) -> bool:
        node.put(at, data)
        if moved:
            moved.at = at + len(data)
        return True

    def _at(self, group: int, folder: int, name: bytes) -> tuple[Node, str] | None:
        """The folder and the name that a path means; None outside of the root."""
        path = os.fsdecode(name)
        if path.startswith("/"):
            return self._place(path) if f"{path}/".startswith(f"{self.root}/") else None
        base = self._open.get((group, folder))
        return (base.node, path) if base and base.node.folder else None

    def _place(self, path: str) -> tuple[Node, str]:
        *above, last = os.path.relpath(path, self.root).split("/")
        node = self._top
        for name in above:
            node = node.names[name]
        return (self._top, "") if last == "." else (node, last)


def _is_pending(change: tuple[Node, str, Node | None, Node | None]) -> bool:
    folder, name, _, _ = change
    return folder.forced_names.get(name) is not folder.names.get(name)


def _pending_only(change: Change, *, before: bool) -> dict[Node, dict[str, Node | None]]:
    found: dict[Node, dict[str, Node | None]] = {}
    for folder, name, old, new in filter(_is_pending, change):
        found.setdefault(folder, {})[name] = old if before else new
    return found


def digest(tree: Tree, promised: bool) -> bytes:
    """The same for equal trees only."""
    found = hashlib.sha256(bytes([promised]))
    for name in sorted(tree):
        content = tree[name]
        size = b"folder" if content is None else str(len(content)).encode()
        found.update(os.fsencode(name) + b"\0" + size + b"\0" + _hash(content or b""))
    return found.digest()


@lru_cache(maxsize=1000)
def _hash(content: bytes) -> bytes:
    return hashlib.sha256(content).digest()


def _shown(arguments: str) -> str:
    """Arguments as people read them, without what was written."""

    def text(found: re.Match[str]) -> str:
        data = bytes.fromhex(found[1].replace("\\x", ""))
        return (
            os.fsdecode(data).rpartition("/")[2] if len(data) < 256 and b"\n" not in data else "…"
        )

    return _TEXT.sub(text, arguments)
