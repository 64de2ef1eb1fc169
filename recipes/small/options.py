"""What both commands are told on their command lines."""

import argparse
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
MODEL = "small"
PACKAGE = REPOSITORY / "src" / "voxcor" / "models" / MODEL
NOTICE_FILE = "NOTICE"  # lies there, and goes with every model that the recipe makes


def parser_of(description: str) -> argparse.ArgumentParser:
    """A parser with the options that both have."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument(
        "--corpora",
        type=Path,
        nargs="+",
        required=True,
        help="folders of corpora, of which the free ones train and the others test; or corpora, "
        "which train whatever their terms",
    )
    parser.add_argument(
        "--run",
        type=Path,
        default=REPOSITORY / "runs" / MODEL,
        help="everything that is made on the way, and the finished model, go here",
    )
    return parser
