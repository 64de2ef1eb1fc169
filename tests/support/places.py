"""Where the project, its tests' data and the recordings lent to them lie."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
DATA = ROOT / "tests" / "data"
SHARED = ROOT.parent / "shared"

# 8.2 s of a synthetic voice (espeak-ng), first calm, then excited: two stretches of speech.
VOICE = DATA / "voice.flac"
