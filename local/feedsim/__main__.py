"""`python -m local.feedsim`: serve a generated day or recorded responses on loopback."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from datetime import UTC, date, datetime

from local.feedsim.day import generate_day
from local.feedsim.http import make_server, running_clock
from local.feedsim.marks import NZ
from local.feedsim.recorded import RecordedFeed
from local.feedsim.serve import AnyFeed, FeedSim


def _instant(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise argparse.ArgumentTypeError(f"expected an instant with its zone, got {text!r}")
    return at.astimezone(UTC)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m local.feedsim", description=__doc__, allow_abbrev=False)
    parser.add_argument("--recorded", metavar="DIR", help="serve recorded responses instead of a generated day")
    parser.add_argument("--seed", type=int, default=1, help="seed of the generated day (default 1)")
    parser.add_argument("--date", type=date.fromisoformat, help="NZ race day, YYYY-MM-DD (default today)")
    parser.add_argument("--races", type=int, default=24, help="Australian and New Zealand races (default 24)")
    parser.add_argument("--form", choices=("compact", "full"), default="compact", help="size of an event")
    parser.add_argument("--port", type=int, default=8765, help="port on 127.0.0.1 (default 8765)")
    parser.add_argument("--at", type=_instant, help="instant at which the feed's clock starts (default the present)")
    parser.add_argument("--speed", type=float, default=1.0, help="how many times faster its clock runs (default 1)")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Serve until interrupted; 2 on wrong usage."""
    args = _parser().parse_args(argv)
    try:
        now = running_clock(args.at, args.speed)
        day = args.date or now().astimezone(NZ).date()
        feed: AnyFeed = (
            RecordedFeed(args.recorded)
            if args.recorded
            else FeedSim(generate_day(args.seed, day, args.races, form=args.form))
        )
    except ValueError as error:
        print(f"feedsim: {error}", file=sys.stderr)
        return 2
    print(f"feed on http://127.0.0.1:{args.port}/affiliates/v1/racing, its clock at {now().isoformat()}", flush=True)
    make_server(feed, now, port=args.port).run()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
