"""The command line: `./raceday COMMAND ...`. A command's module is imported only when it is asked for."""

import contextlib
import difflib
import importlib
import os
import sqlite3
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from local import progress
from local.environment import READERS, applied, taken, with_option
from local.failures import NoSuchRace, PortTaken, StoreHeld, one_line
from local.store_file import NotAStore
from raceday.errors import RaceDayError, SettingsError

ROOT = Path(__file__).resolve().parent.parent
COMMANDS: dict[str, tuple[str, str]] = {
    "simulate": ("simulate", "run a whole race day on the embedded store, on a virtual clock"),
    "test": ("test", "lint, type-check and test"),
    "invoke": ("invoke", "run one function as the platform would"),
    "up": ("up", "run the suite on the real clock, with its console page"),
    "status": ("console", "show the state of a day in the terminal"),
    "console": ("page", "serve the console's pages over a store"),
    "logs": ("logs", "show what up and invoke logged, with times"),
    "functions": ("functions", "list the functions with trigger, size, URL and parameters"),
    "report": ("console", "write one race or one day as a single HTML file"),
    "schema": ("schema", "show or make the difference between declared tables and Appwrite's"),
    "webhooks": ("webhooks", "show or restore the webhook subscriptions"),
    "record": ("record", "keep every answer of the feed on a tape, by the suite's own schedule"),
    "tape": ("tape", "tell what is on a tape of the feed's answers, and whether it is whole"),
    "replay": ("replay", "run the functions over a tape again, and list every row that comes out otherwise"),
    "export": ("export", "write stored days as typed tables: Parquet, CSV or DuckDB"),
    "explain": ("explain", "trace a stored figure back to the feed, making each step again"),
    "asof": ("asof", "show races as they stood at an instant, and hold that to a replay"),
    "backfill": ("backfill", "import past race days that the feed still serves"),
    "rebuild": ("rebuild", "build projections anew from the poll ledger and say what differs"),
    "pause": ("pause", "stop the scheduler starting one function, or all"),
    "resume": ("pause", "let the scheduler start one function, or all"),
    "prune": ("prune", "delete rows older than the retention settings"),
    "alerts": ("alerts", "judge the alert evaluator against the generated market"),
    "score": ("score", "judge scores on sound and broken answers, and money on drawn races"),
    "silks": ("silks", "draw silks as a page, or measure how well descriptions are understood"),
    "package": ("deploy", "stage the deploy tree"),
    "deploy": ("deploy", "plan or make a deployment"),
    "cold-start": ("deploy", "measure cold starts of staged functions"),
    "measure": ("measure", "time cold starts and work on the deployed functions; say which sizes are punctual"),
    "doctor": ("doctor", "check environment, feed, Appwrite, webhooks and deployment"),
    "mutants": ("mutants", "break the library in one line at a time, and see tests and days notice"),
    "outages": ("outages", "kill, freeze and silence the store all day long, and tell what it cost"),
    "docs": ("docs", "make the generated pages of docs/ anew"),
    "soak": ("soak", "keep warm functions running for simulated days, and count what they hold"),
    "bench": ("bench", "print the table of measured ratios"),
}

# These may run for minutes without a line of their own; `simulate` draws a bar.
LONG = frozenset(
    [
        "outages",
        "score",
        "alerts",
        "mutants",
        "bench",
        "soak",
        "replay",
        "export",
        "backfill",
        "measure",
        "rebuild",
        "schema",
    ]
)

EXPECTED = (RaceDayError, NotAStore, NoSuchRace, StoreHeld, PortTaken, OSError, sqlite3.OperationalError)

VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]


class _ReaderGone(Exception):
    """Nobody reads our output any more."""


class Commands(click.Group):
    """The commands by name, each imported when it is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """Return one command, None where there is none of that name."""
        if name not in COMMANDS:
            return None
        module = importlib.import_module(f"local.commands.{COMMANDS[name][0]}")
        found: click.Command = getattr(module, name.replace("-", "_"))
        return with_option(found) if name in READERS else found

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command and send what it printed; click and rich each end a closed pipe with a code of their own."""
        try:
            answer = super().invoke(ctx)
            sys.stdout.flush()
        except BrokenPipeError:
            raise _ReaderGone from None
        except SystemExit as ended:
            if isinstance(ended.__context__, BrokenPipeError):
                raise _ReaderGone from None
            raise
        return answer

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command of a line; a usage error says which name is near."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            near = difflib.get_close_matches(args[0], COMMANDS, n=3, cutoff=0.7)
            hint = f"; did you mean {' or '.join(near)}?" if near else ""
            raise click.UsageError(f"there is no command {args[0]!r}{hint} `./raceday --help` lists them", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the table of commands without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.command(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option("--env-file", metavar="FILE", help="NAME=value lines beside the environment, which comes first.")
@click.version_option(VERSION, prog_name="raceday")
def raceday(env_file: str | None) -> None:
    """RaceDay's serverless backend on one machine."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; 0 done, 1 done with findings, 2 wrong usage or settings, 3 nothing could be done."""
    words = list(sys.argv[1:] if argv is None else argv)
    try:
        words, file = taken(words)
        long = bool(words) and words[0] in LONG and not {"-h", "--help"} & set(words)
        telling = progress.told(words[0]) if long else contextlib.nullcontext()
        with applied(words[0] if words else "", file), telling:
            answer = raceday.main(words or ["--help"], prog_name="raceday", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return 2
    except (KeyboardInterrupt, click.Abort):
        print("raceday: stopped", file=sys.stderr)
        return 130
    except (_ReaderGone, BrokenPipeError):
        # The reader of our output has gone, as `head` does; what is left to print is for nobody.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except EXPECTED as error:
        print(f"raceday {words[0]}: {one_line(error)}", file=sys.stderr)
        return 2 if isinstance(error, (NotAStore, NoSuchRace, SettingsError)) else 3
    return int(answer or 0) if words else 2


if __name__ == "__main__":
    sys.exit(main())
