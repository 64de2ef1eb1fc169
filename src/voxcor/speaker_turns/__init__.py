"""Who speaks when, from a diarisation: turns in, settled of speech of one speaker each out."""

from voxcor.speaker_turns.files import Speakers as Speakers
from voxcor.speaker_turns.files import parse_turns as parse_turns
from voxcor.speaker_turns.files import read_turns as read_turns
from voxcor.speaker_turns.files import text_of as text_of
from voxcor.speaker_turns.turns import COLLAR_S as COLLAR_S
from voxcor.speaker_turns.turns import TOLERATED_S as TOLERATED_S
from voxcor.speaker_turns.turns import Diarization as Diarization
from voxcor.speaker_turns.turns import FittedTurns as FittedTurns
from voxcor.speaker_turns.turns import SpeakerSpan as SpeakerSpan
from voxcor.speaker_turns.turns import Turn as Turn
from voxcor.speaker_turns.turns import cut_at_turns as cut_at_turns
from voxcor.speaker_turns.turns import fit_turns as fit_turns
