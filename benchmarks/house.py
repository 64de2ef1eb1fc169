"""How the house is built, in numbers: its rooms, what is long, what stands twice.

    python benchmarks/house.py                       of these sources
    python benchmarks/house.py --before REVISION     and of a revision of git, beside them

Circles are import-linter's graph of imports; everything else is the text of `src/voxcor`.
"""

import argparse
import ast
import io
import re
import subprocess
import sys
import tarfile
import tempfile
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import grimp

ROOT = Path(__file__).parents[1]

# Names that should stand in as few files as there are places for the idea.
NAMES = ("abstain_below", "emotion2vec", "storage_errors")

# What CONTRIBUTING.md allows a module.
LONG = 400

# So many lines that are the same, one after the other, are no coincidence.
RUN = 6


def measured(tree: Path) -> Mapping[str, str]:
    """What is printed of a tree that has `src/voxcor` and `pyproject.toml`, by its words."""
    package = tree / "src" / "voxcor"
    python = {path: path.read_text(encoding="utf-8") for path in sorted(package.rglob("*.py"))}
    page = {
        path: path.read_text(encoding="utf-8")
        for path in sorted(package.rglob("*"))
        if path.suffix in (".js", ".css") and "vendor" not in path.parts
    }
    scripts = {path: text for path, text in page.items() if path.suffix == ".js"}
    circles = circles_of(tree / "src")

    def longest(texts: Mapping[Path, str]) -> str:
        lines, path = max((text.count("\n"), path) for path, text in texts.items())
        return f"{lines}  {path.relative_to(package).as_posix()}"

    return {
        "modules at the root": str(sum(not p.stem.startswith("__") for p in package.glob("*.py"))),
        "layers of imports": str(len(layers(tree / "pyproject.toml"))),
        "circles of imports": f"{len(circles)}  {'; '.join(circles)}".rstrip(),
        "longest module": longest(python),
        f"modules of more than {LONG} lines": str(
            sum(text.count("\n") > LONG for text in python.values())
        ),
        "longest function": longest_function(package, python),
        "longest file of the page": longest(page),
        f"runs of {RUN} lines or more that stand twice, Python": str(len([*repeated(python)])),
        f"runs of {RUN} lines or more that stand twice, JavaScript": str(len([*repeated(scripts)])),
        "lines of Python": lines_of(python),
        "lines of JavaScript": lines_of(scripts),
        **{
            f"files that name {name}": str(
                sum(name in text for text in (*python.values(), *scripts.values()))
            )
            for name in NAMES
        },
    }


def lines_of(texts: Mapping[Path, str]) -> str:
    """All of them, blank ones and comments too, and in how many files."""
    return f"{sum(text.count(chr(10)) for text in texts.values()):,}  in {len(texts)} files"


def layers(project: Path) -> Sequence[str]:
    """Those of import-linter's contract."""
    contracts = tomllib.loads(project.read_text(encoding="utf-8"))["tool"]["importlinter"]
    (contract,) = contracts["contracts"]
    listed: list[str] = contract["layers"]
    return listed


def circles_of(source: Path) -> Sequence[str]:
    """The groups of modules each of which, by way of others, imports all of its group."""
    sys.path.insert(0, str(source))
    try:
        graph = grimp.build_graph("voxcor", exclude_type_checking_imports=True, cache_dir=None)
    finally:
        sys.path.remove(str(source))
    below = {module: _reached(graph, module) for module in graph.modules}
    groups = {
        tuple(sorted(other for other in reached if module in below[other]))
        for module, reached in below.items()
        if module in reached
    }
    return [", ".join(name.removeprefix("voxcor.") for name in group) for group in sorted(groups)]


def _reached(graph: grimp.ImportGraph, module: str) -> set[str]:
    reached: set[str] = set()
    waiting = [module]
    while waiting:
        found = graph.find_modules_directly_imported_by(waiting.pop()) - reached
        reached |= found
        waiting += found
    return reached


def longest_function(package: Path, texts: Mapping[Path, str]) -> str:
    """Its lines from `def` on, with docstring, and where it is."""
    found = (
        (node.end_lineno - node.lineno + 1, node.name, path.relative_to(package).as_posix())
        for path, text in texts.items()
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno
    )
    lines, name, place = max(found)
    return f"{lines}  {name} in {place}"


def repeated(texts: Mapping[Path, str]) -> Iterator[tuple[Path, int]]:
    """Where a run begins that was there before: in a file before it, or further up.

    Indentation, blank lines, comments and imports do not count.
    """
    seen: set[tuple[str, ...]] = set()
    for path, text in texts.items():
        lines = [*_counted(text)]
        in_run = False
        windows = [
            tuple(line for _, line in lines[i : i + RUN]) for i in range(len(lines) - RUN + 1)
        ]
        for (number, _), window in zip(lines, windows, strict=False):
            if window in seen and not in_run:
                yield path, number
            in_run = window in seen
            seen.add(window)


def _counted(text: str) -> Iterator[tuple[int, str]]:
    """Lines that count, by number. Those of an import over several lines go with it."""
    text = re.sub(r"(?ms)^from \S+ import \([^)]*\)", lambda m: "\n" * m[0].count("\n"), text)
    for number, line in enumerate(text.splitlines(), 1):
        stripped = line.strip()
        if stripped and not re.match(r"#|//|/?\*|import |from ", stripped):
            yield number, stripped


def checked_out(revision: str, folder: Path) -> Path:
    """The sources of a revision, in a folder."""
    packed = subprocess.run(
        ["git", "archive", revision, "src", "pyproject.toml"],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    with tarfile.open(fileobj=io.BytesIO(packed.stdout)) as archive:
        archive.extractall(folder, filter="data")
    return folder


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--before", metavar="REVISION", help="of git, to compare with")
    before = parser.parse_args().before
    columns = {"now": measured(ROOT)}
    if before:
        with tempfile.TemporaryDirectory() as folder:
            columns = {before: measured(checked_out(before, Path(folder))), **columns}
    print(f"| | {' | '.join(columns)} |")
    print("|---" * (1 + len(columns)) + "|")
    for name in columns["now"]:
        print(f"| {name} | {' | '.join(column[name] for column in columns.values())} |")


if __name__ == "__main__":
    main()
