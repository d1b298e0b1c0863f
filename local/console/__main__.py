"""`python -m local.console`: the page over a store by itself."""

import argparse
import asyncio
import contextlib
import sys
from datetime import datetime

from local.console.serve import make_console_server, open_source, serve
from local.testing.pace import PacedClock
from raceday.errors import SettingsError


def main(argv: list[str] | None = None) -> int:
    """Serve until stopped; 2 wrong settings or no store."""
    p = argparse.ArgumentParser(prog="python -m local.console", description=__doc__)
    p.add_argument("--store", default=".raceday/simulate.db", help="file of the embedded store, or env")
    p.add_argument("--port", type=int, default=8080, help="port on loopback (8080)")
    p.add_argument("--at", type=datetime.fromisoformat, metavar="ISO", help="look as if it were this instant")
    args = p.parse_args(argv)
    if args.at is not None and args.at.tzinfo is None:
        p.error("--at: expected an instant with its offset")
    try:
        source = open_source(args.store, PacedClock(1.0, args.at) if args.at else None)
    except SettingsError as error:
        print("console: settings:\n  " + "\n  ".join(error.problems), file=sys.stderr)
        return 2
    except FileNotFoundError:
        print(f"console: there is no store at {args.store}; `./raceday simulate` makes one", file=sys.stderr)
        return 2
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(make_console_server(source, args.port)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
