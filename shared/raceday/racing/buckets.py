"""The timeline's labels: whole minutes to the advertised start at which the client shows a column."""

from datetime import datetime

BASELINE = 60
BY_FIVE_DOWN_TO = 5


def secs_to_start(start: datetime, slot: datetime) -> int:
    """Return the whole seconds from a slot to the advertised start; negative after it."""
    return round((start - slot).total_seconds())


def label_of(secs: int) -> int | None:
    """Return the label whose window holds a slot `secs` before the start, None before T-60.

    A label's window reaches from after the previous label up to and including its own instant.
    """
    if secs > BASELINE * 60:
        return None
    return secs // 300 * 5 if secs >= BY_FIVE_DOWN_TO * 60 else secs // 60


def on_label(secs: int) -> bool:
    """Tell whether a slot lies exactly on its label."""
    label = label_of(secs)
    return label is not None and secs == label * 60


def next_label(label: int) -> int:
    """Return the label that follows in time."""
    return label - 5 if label > BY_FIVE_DOWN_TO else label - 1


def live_minute(secs: int) -> int | None:
    """Return the minute at which a slot between five-minute labels refreshes the odds (57, 52 ... 7), else None."""
    if BY_FIVE_DOWN_TO * 60 < secs < BASELINE * 60 and secs % 300 == 150:
        return secs // 60
    return None


def is_column(interval: int) -> bool:
    """Tell whether an interval is a label of the timeline, not a refresh between two."""
    return interval <= BY_FIVE_DOWN_TO or (interval <= BASELINE and interval % 5 == 0)
