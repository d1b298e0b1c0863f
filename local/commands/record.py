"""`./raceday record`: tapes of what the feed says, by the suite's own schedule, with no Appwrite."""

from datetime import datetime
from pathlib import Path

import click

from local.options import ABOVE_0, FILE, INSTANT, NUMBER, POSITIVE

FOLDER = Path(".raceday/tapes")
STORE = ".raceday/record.db"


@click.command(epilog="Example: ./raceday record --feed live")
@click.option("--feed", default="live", help="live (default), generated, or recorded:DIR")
@click.option("--folder", type=FILE, default=FOLDER, help=f"where the tapes lie ({FOLDER})")
@click.option("--store", default=STORE, help=f"file of the embedded store that keeps the schedule ({STORE})")
@click.option("--minutes", "most", type=ABOVE_0, help="stop after so many minutes of the suite's clock")
@click.option("--speed", type=NUMBER, default=1.0, help="run the clock of a generated feed N times as fast (1)")
@click.option("--at", type=INSTANT, help="begin at this instant of a generated feed, with its offset")
@click.option("--races", type=POSITIVE, default=24, help="races of a generated feed")
def record(
    feed: str, folder: Path, store: str, most: float | None, speed: float, at: datetime | None, races: int
) -> int:
    """Poll the feed as the suite does and keep every answer on a tape, until stopped.

    Started again it goes on in a new part; what it missed is missing on the tape, and the ledger in its store tells the
    slots. Exit code 0 done after --minutes, 130 stopped by Ctrl-C with the tape whole, 1 answers were lost for want
    of room, 2 wrong settings, 3 no room at all or the store that keeps the schedule takes nothing more.
    """
    from local.work.record import run

    return run(feed, folder, store, most, speed, at, races)
