"""Where the project, its tests' data and the recordings lent to them lie."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
DATA = ROOT / "tests" / "data"
SHARED = ROOT.parent / "shared"
