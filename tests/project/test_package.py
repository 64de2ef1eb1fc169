"""What importing does (nothing), what is exported, what is never in the tree."""

import importlib
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

import voxcor
from places import ROOT


def test_the_exported_names_are_there_and_complete() -> None:
    assert {*voxcor._HOME, "__version__"} == set(voxcor.__all__)
    for name in voxcor.__all__:
        assert getattr(voxcor, name) is not None


def test_dir_names_them_and_imports_none() -> None:
    program = "import sys, voxcor; print('Recognizer' in dir(voxcor), 'numpy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True)
    assert done.stdout.split() == [b"True", b"False"]


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    assert not hasattr(voxcor, "nonsense")


def test_importing_starts_nothing() -> None:
    program = """
import json, sys, threading
before = set(sys.modules)
import voxcor
heavy = {"numpy", "onnxruntime", "av", "soundfile", "rich", "pydantic", "huggingface_hub"}
loaded = {name.partition(".")[0] for name in set(sys.modules) - before}
print(json.dumps({"heavy": sorted(heavy & loaded), "threads": threading.active_count()}))
"""
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True)
    assert done.stderr == b""
    assert json.loads(done.stdout) == {"heavy": [], "threads": 1}


def test_help_loads_nothing_heavy() -> None:
    program = """
import sys
from voxcor.cli import app
heavy = {"numpy", "onnxruntime", "av", "soundfile", "pydantic", "huggingface_hub", "rich"}
print(sorted(heavy & {name.partition(".")[0] for name in sys.modules}))
"""
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True)
    assert done.stdout.strip() == b"[]"


def test_every_module_of_the_package_imports() -> None:
    package = Path(voxcor.__file__).parent
    for path in package.rglob("*.py"):
        name = ".".join(path.relative_to(package.parent).with_suffix("").parts)
        if not name.endswith("__main__"):
            importlib.import_module(name.removesuffix(".__init__"))


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="this is no git checkout")
def test_no_path_of_a_machine_is_in_the_tree() -> None:
    tracked = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True
    ).stdout.split(b"\0")
    texts = [ROOT / name.decode() for name in tracked if name]
    found = [
        path.name
        for path in texts
        if path.suffix in {".py", ".md", ".sh", ".toml", ".yaml", ".json", ".svg", ".html", ".js"}
        and path.is_file()
        and path != Path(__file__)
        and re.search(r"/(work|root|home/[a-z]+)/[\w.-]+/", path.read_text(encoding="utf-8"))
    ]
    assert found == []
