"""Whisper's encoder (Radford et al. 2022, arXiv 2212.04356), whole or its first blocks."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from voxcor.models.families.whisper.architecture import HEAD
from voxcor.models.family import Family
