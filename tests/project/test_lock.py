"""The lock files are complete, hashed, free of addresses, and what pyproject.toml asks for."""

import re
import sys
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import distribution, version
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from places import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
EXTRAS = PROJECT["project"]["optional-dependencies"]
GROUPS = PROJECT["dependency-groups"]

# What each is made from: extras of the package, and groups.
LOCKS = {
    "server": (["server", "parquet"], ["build"]),
    "dev": (["dev"], ["build", "reference", "lock"]),
}

# Installed by ./test.sh itself, which says why.
WITHOUT_HASH = {"torch"}

# Packages whose own word on what they need is not taken, by name.
OVERRULED: Mapping[str, list[str]] = {
    entry["name"]: entry["requires-dist"] for entry in PROJECT["tool"]["uv"]["dependency-metadata"]
}

each_lock = pytest.mark.parametrize("lock", LOCKS)
in_locked_environment = pytest.mark.skipif(
    not Path(sys.prefix, ".wanted").exists(), reason="this environment is not that of ./test.sh"
)


@dataclass(frozen=True)
class Locked:
    requirement: Requirement
    hashes: list[str]

    @property
    def name(self) -> str:
        return canonicalize_name(self.requirement.name)

    @property
    def version(self) -> str:
        (specifier,) = self.requirement.specifier
        assert specifier.operator == "=="
        return specifier.version


def text_of(lock: str) -> str:
    return (ROOT / "requirements" / f"{lock}.txt").read_text(encoding="utf-8")


def read(lock: str) -> list[Locked]:
    lines = re.sub(r"#.*", "", text_of(lock)).replace("\\\n", " ").splitlines()
    entries = [line.split(" --hash=") for line in map(str.strip, lines) if line]
    return [Locked(Requirement(first), [h.strip() for h in rest]) for first, *rest in entries]


def here(lock: str) -> dict[str, Locked]:
    """What of it this system and this Python install."""
    entries = [e for e in read(lock) if not e.requirement.marker or e.requirement.marker.evaluate()]
    assert len({entry.name for entry in entries}) == len(entries)
    return {entry.name: entry for entry in entries}


def asked_for(lock: str) -> Iterator[Requirement]:
    """The direct requirements, extras of the package itself unfolded."""
    extras, groups = LOCKS[lock]
    lines = [*PROJECT["project"]["dependencies"], *(x for g in groups for x in GROUPS[g])]
    waiting = [Requirement(line) for line in lines + [x for e in extras for x in EXTRAS[e]]]
    while waiting:
        requirement = waiting.pop()
        if requirement.name == "voxcor":
            waiting += [Requirement(line) for e in requirement.extras for line in EXTRAS[e]]
        else:
            yield requirement


@each_lock
def test_every_entry_is_one_version_with_hashes(lock: str) -> None:
    for entry in read(lock):
        assert entry.version
        assert entry.hashes
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", hashed) for hashed in entry.hashes)


@each_lock
def test_no_address_and_no_option_is_in_it(lock: str) -> None:
    assert "://" not in text_of(lock)
    options = re.findall(r"(?m)(?:^|\s)(--?[a-z][\w-]*)", re.sub(r"#.*", "", text_of(lock)))
    assert set(options) == {"--hash"}
    assert all(entry.requirement.url is None for entry in read(lock))


@each_lock
def test_what_is_asked_for_is_in_it_within_its_range(lock: str) -> None:
    for requirement in [*asked_for(lock), *map(Requirement, PROJECT["build-system"]["requires"])]:
        name = canonicalize_name(requirement.name)
        found = [entry.version for entry in read(lock) if entry.name == name]
        if name in WITHOUT_HASH:
            assert found == []
            assert f" {requirement}\n" in (ROOT / "test.sh").read_text(encoding="utf-8")
        else:
            assert found, name
            assert all(requirement.specifier.contains(version) for version in found), name


def test_what_people_run_is_what_is_tested() -> None:
    tested = {(entry.name, entry.version) for entry in read("dev")}
    assert {(entry.name, entry.version) for entry in read("server")} <= tested


@in_locked_environment
def test_what_is_installed_is_what_is_locked() -> None:
    locked = {name: entry.version for name, entry in here("dev").items()}
    assert {name: version(name) for name in locked} == locked


@in_locked_environment
@each_lock
def test_nothing_is_missing_in_it_and_nothing_is_there_for_nobody(lock: str) -> None:
    locked = here(lock)
    needed = {name for name, _ in _closure(asked_for(lock))} - WITHOUT_HASH
    assert set(locked) == needed
    for name, requirement in _closure(asked_for(lock)):
        if name not in WITHOUT_HASH:
            assert requirement.specifier.contains(locked[name].version, prereleases=True), name


def _closure(roots: Iterable[Requirement]) -> Iterator[tuple[str, Requirement]]:
    """All that is needed on this system, as the installed packages say themselves."""
    seen: set[tuple[str, str]] = set()
    waiting = [(root, "") for root in roots]
    while waiting:
        requirement, extra = waiting.pop()
        if requirement.marker and not requirement.marker.evaluate({"extra": extra}):
            continue
        name = canonicalize_name(requirement.name)
        yield name, requirement
        lines = OVERRULED.get(name)
        if lines is None:
            lines = distribution(name).requires or []
        for wanted in {"", *requirement.extras} - {e for n, e in seen if n == name}:
            seen.add((name, wanted))
            waiting += [(Requirement(line), wanted) for line in lines]
