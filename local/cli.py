"""The command line: `./raceday COMMAND ...`. A command's module is imported only when it is asked for."""

import argparse
import importlib
import os
import sys
from collections.abc import Sequence

COMMANDS: dict[str, tuple[str, str]] = {
    "simulate": ("local.commands.simulate", "run a whole race day on the embedded store, on a virtual clock"),
    "test": ("local.commands.test", "lint, type-check and test"),
    "invoke": ("local.commands.invoke", "run one function as the platform would"),
    "up": ("local.commands.up", "run the suite on the real clock, with its console page"),
    "status": ("local.commands.console", "show the state of a day in the terminal"),
    "report": ("local.commands.console", "write one race or one day as a single HTML file"),
    "schema": ("local.commands.schema", "show or make the difference between declared tables and Appwrite's"),
    "webhooks": ("local.commands.webhooks", "show or restore the webhook subscriptions"),
    "rebuild": ("local.commands.rebuild", "build projections anew from the poll ledger and say what differs"),
    "pause": ("local.commands.pause", "stop the scheduler starting one function, or all"),
    "resume": ("local.commands.pause", "let the scheduler start one function, or all"),
    "prune": ("local.commands.prune", "delete rows older than the retention settings"),
    "silks": ("local.commands.silks", "draw silks as a page, or measure how well descriptions are understood"),
    "package": ("local.commands.deploy", "stage the deploy tree"),
    "deploy": ("local.commands.deploy", "plan or make a deployment"),
    "cold-start": ("local.commands.deploy", "measure cold starts of staged functions"),
    "doctor": ("local.commands.doctor", "check environment, feed, Appwrite, webhooks and deployment"),
    "soak": ("local.commands.soak", "keep warm functions running for simulated days, and count what they hold"),
    "bench": ("local.commands.bench", "print the table of measured ratios"),
}


def _overview() -> str:
    width = max(map(len, COMMANDS))
    lines = ["usage: ./raceday COMMAND ...", "", "RaceDay's serverless backend on one machine.", "", "commands:"]
    lines += [f"  {name:<{width}}  {text}" for name, (_, text) in COMMANDS.items()]
    return "\n".join([*lines, "", "`./raceday COMMAND --help` says more about one."])


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """Read a command line; exits with 2 on wrong usage."""
    name = argv[0]
    parser = argparse.ArgumentParser(prog="./raceday", allow_abbrev=False)
    subparsers = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    importlib.import_module(COMMANDS[name][0]).register(subparsers)
    return parser.parse_args(list(argv))


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; 0 done, 1 done with findings, 2 wrong usage or settings, 3 nothing could be done."""
    words = list(sys.argv[1:] if argv is None else argv)
    if not words or words[0] in {"-h", "--help", "help"}:
        print(_overview())
        return 0 if words else 2
    if words[0] not in COMMANDS:
        print(f"raceday: there is no command {words[0]!r}\n\n{_overview()}", file=sys.stderr)
        return 2
    args = parse(words)
    try:
        return int(args.func(args))
    except KeyboardInterrupt:
        print("raceday: stopped", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # The reader of our output has gone, as `head` does; what is left to print is for nobody.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


if __name__ == "__main__":
    sys.exit(main())
