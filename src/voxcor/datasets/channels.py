"""Which channel of a recording a row of a list is about."""

import re
from collections.abc import Mapping

from voxcor.errors import NoSuchChannel


def channel_in(values: Mapping[str, str]) -> int | None:
    """The channel that a row is about, from 0; None where it is about all."""
    # As a table of numbers writes it that has empty cells, too.
    number = re.fullmatch(r"(\d{1,4})(\.0)?", values.get("channel", ""), re.ASCII)
    return int(number[1]) if number else None


def channel_of(name: str, channel: int | None, channels: int) -> int | None:
    """What a row's channel means of a recording of so many: None for all, and for the only one.

    Raises:
        NoSuchChannel: it has none of this number.
    """
    if channel is None or channels == 1:
        return None
    if channel >= channels:
        raise NoSuchChannel(name=name, channel=channel, last=channels - 1)
    return channel
