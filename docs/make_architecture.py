"""Draws `architecture.svg`: the rooms of the package by layer, and which of them imports which.

    python docs/make_architecture.py

The layers are those of import-linter's contract in pyproject.toml, the lines the first ones of
docstrings, the dots the imports themselves. Run it when `tests/project/test_architecture.py` says
so.
"""

import ast
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from textwrap import wrap

import grimp

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "voxcor"
PICTURE = Path(__file__).with_suffix("").with_name("architecture.svg")

Layers = Sequence[Sequence[str]]

# In pixels. Characters are taken to be as wide as the widest of the usual fonts has them.
MARGIN = 20
HEAD = 132
NAMES = MARGIN + 10
SENTENCES = 152
MATRIX = 560
PITCH = 12
LINE = 16
PADDING = 6
CHARACTER = 6.4

STYLE = """
svg { --ground: #ffffff; --band: #f3f5f9; --rule: #d8dee8; --ink: #1d2733; --soft: #4a586c;
  --dot: #2f6fb5; --self: #b4bfce; }
@media (prefers-color-scheme: dark) {
  svg { --ground: #12161c; --band: #1a2029; --rule: #323c4a; --ink: #e8edf4; --soft: #a9b6c8;
    --dot: #6fb1f5; --self: #526074; }
}
text { font: 12px system-ui, sans-serif; fill: var(--soft); }
.name { font: 600 12.5px ui-monospace, Menlo, Consolas, monospace; fill: var(--ink); }
.column { font: 10.5px ui-monospace, Menlo, Consolas, monospace; }
.title { font-size: 17px; font-weight: 600; fill: var(--ink); }
.ground { fill: var(--ground); }
.band { fill: var(--band); }
.rule { stroke: var(--rule); }
.self { fill: var(--self); }
.dot { fill: var(--dot); }
""".strip()


@dataclass(frozen=True, slots=True)
class Room:
    """A folder or a module at the root: its name, what lives there, and where its row is."""

    name: str
    lines: Sequence[str]
    top: int

    @property
    def height(self) -> int:
        return len(self.lines) * LINE + 2 * PADDING

    @property
    def middle(self) -> float:
        return self.top + self.height / 2


def layers() -> Layers:
    """The rooms of each layer, from the top, as the contract in pyproject.toml has them."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    (contract,) = project["tool"]["importlinter"]["contracts"]
    return [
        [room.strip(" ()").removeprefix("voxcor.") for room in layer.split("|")]
        for layer in contract["layers"]
    ]


def imports(rooms: Sequence[str]) -> Mapping[tuple[str, str], int]:
    """How many modules of one room import one of another, for pairs of rooms that do."""
    graph = grimp.build_graph("voxcor", exclude_type_checking_imports=True, cache_dir=None)
    counts = Counter(
        (_room_of(importer), _room_of(imported))
        for importer in graph.modules
        for imported in graph.find_modules_directly_imported_by(importer)
    )
    return {
        (above, below): count
        for (above, below), count in counts.items()
        if above != below and above in rooms and below in rooms
    }


def _room_of(module: str) -> str:
    return f"{module}.".split(".")[1]


def what_lives_in(room: str) -> str:
    """The first line of its docstring."""
    path = PACKAGE / room / "__init__.py"
    source = path if path.is_file() else PACKAGE / f"{room}.py"
    told = ast.get_docstring(ast.parse(source.read_text(encoding="utf-8"))) or ""
    return told.partition("\n")[0].replace("`", "")


def picture() -> str:
    """The whole SVG: a row for each room, and to the right of it a dot for each it imports."""
    placed: list[list[Room]] = []
    top, first = HEAD, 0
    for layer in layers():
        placed.append([])
        # To the left of the diagonal there is nothing but sentences.
        width = MATRIX + first * PITCH - SENTENCES - PADDING
        for name in layer:
            room = Room(name, _balanced(what_lives_in(name), int(width / CHARACTER)), top)
            placed[-1].append(room)
            top += room.height
        first += len(layer)
    return "\n".join(_svg(placed, MATRIX + first * PITCH, top)) + "\n"


def _balanced(text: str, width: int) -> Sequence[str]:
    """In as few lines as the width allows, and these as short as that number allows."""
    fewest = len(wrap(text, width))
    return next(lines for least in range(1, width + 1) if len(lines := wrap(text, least)) == fewest)


def _svg(placed: Sequence[Sequence[Room]], right: int, bottom: int) -> Iterator[str]:
    rooms = [room for layer in placed for room in layer]
    names = [room.name for room in rooms]
    width, height = right + MARGIN, bottom + MARGIN
    column = {name: MATRIX + PITCH * (place + 0.5) for place, name in enumerate(names)}
    title = "The rooms of voxcor, and which imports which"
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}"'
        f' role="img" aria-label="{title}">'
    )
    yield f"<style>\n{STYLE}\n</style>"
    yield f'<rect class="ground" width="{width}" height="{height}"/>'
    yield f'<text class="title" x="{NAMES}" y="42">{title}</text>'
    for place, line in enumerate(
        (
            "Layers from top to bottom, one band each. A dot: the room of its row imports",
            "the room of its column; a larger one: in three modules or more, in ten or more.",
            "All are right of the diagonal, as imports point downwards.",
        )
    ):
        yield f'<text x="{NAMES}" y="{66 + LINE * place}">{line}</text>'
    yield from _bands(placed, right)
    for room in rooms:
        shown = f"{room.name}/" if (PACKAGE / room.name).is_dir() else room.name
        yield f'<text class="name" x="{NAMES}" y="{room.top + PADDING + 12}">{shown}</text>'
        for place, line in enumerate(room.lines):
            y = room.top + PADDING + 12 + LINE * place
            yield f'<text x="{SENTENCES}" y="{y}">{escape(line, quote=False)}</text>'
        x = column[room.name]
        yield (
            f'<text class="column" transform="translate({x + 3.5} {HEAD - 6}) rotate(-90)">'
            f"{room.name}</text>"
        )
        yield f'<circle class="self" cx="{x}" cy="{room.middle}" r="1.5"/>'
    counts = imports(names)
    for room in rooms:
        for below in names:
            if count := counts.get((room.name, below)):
                size = 2.4 if count < 3 else 3.6 if count < 10 else 4.9
                yield (
                    f'<circle class="dot" cx="{column[below]}" cy="{room.middle}" r="{size}">'
                    f"<title>{room.name} imports {below}</title></circle>"
                )
    yield "</svg>"


def _bands(placed: Sequence[Sequence[Room]], right: int) -> Iterator[str]:
    """Every other layer's row and columns are shaded."""
    first = 0
    for place, layer in enumerate(placed):
        top, bottom = layer[0].top, layer[-1].top + layer[-1].height
        if place % 2 == 0:
            yield (
                f'<rect class="band" x="{MARGIN}" y="{top}" width="{right - MARGIN}"'
                f' height="{bottom - top}"/>'
            )
        left = MATRIX + PITCH * first
        yield f'<path class="rule" d="M{left} {HEAD} V{bottom}"/>'
        first += len(layer)


def main() -> None:
    """Writes `architecture.svg`."""
    PICTURE.write_text(picture(), encoding="utf-8")


if __name__ == "__main__":
    main()
