"""Why a slot has no poll: the word that its gap carries, what it means, and what an operator can do."""

from typing import NamedTuple


class Cause(NamedTuple):
    """One cause of gaps."""

    word: str
    means: str
    advice: str


CAUSES = (
    Cause(
        "no_attempt",
        "no poller was started for it, or it did not come to it; on a closing row also what was tried in vain",
        "was the scheduler still or paused? Did the platform refuse (`tick.failed`)? Tries: `poll.failed` in the log",
    ),
    Cause(
        "expired",
        "a poller came when the slot's time was over",
        "many of them: raise the poller's memory, or lower `RACEDAY_RACES_PER_POLLER`",
    ),
    Cause("deadline", "the poller's own time limit was near", "as for `expired`"),
    Cause(
        "feed_timeout",
        "the feed did not answer while the slot lasted",
        "nothing for a few; else tell the feed's operator",
    ),
    Cause("feed_unavailable", "no connection to the feed", "as for `feed_timeout`"),
    Cause("feed_429", "the feed had too many requests", "lower `NZTAB_RATE_PER_SEC`"),
    Cause("feed_5xx", "the feed's server failed; the word has its status, such as feed_503", "as for `feed_timeout`"),
    Cause("feed_error", "the feed answered with an error of its own in a sound response", "as for `feed_timeout`"),
    Cause("feed_refused", "400, 401 or 403", "check the partner headers"),
    Cause("feed_not_found", "the feed does not know the race", "was it withdrawn? It is given up in time"),
    Cause("payload", "the answer could not be read", "see `feed-quarantine`"),
    Cause("store", "Appwrite did not take the poll", "look at Appwrite; run `./raceday doctor`"),
    Cause("stale", "the feed's answer was older than one that is stored", "nothing: the feed's caches differ"),
    Cause("start_moved", "the slot belonged to a start that was moved", "nothing"),
    Cause(
        "given_up",
        "six hours after its start the race was still unfinished",
        "nothing; the closing row is its last",
    ),
)
BY_WORD = {cause.word: cause for cause in CAUSES}


def cause_of(word: str) -> Cause | None:
    """Return what a gap's word stands for, None for one that is not declared; each 5xx of the feed is one cause."""
    if len(word) == len("feed_5xx") and word.startswith("feed_5") and word[6:].isdigit():
        return BY_WORD["feed_5xx"]
    return BY_WORD.get(word)
