"""Uses of every command, good, bad, hostile and odd: what is run, in which folder, and the table of docs/uses.md.

`python -m tests.cli.uses` runs all of them and writes the table anew; `test_uses.py` holds each to its row.
"""

import contextlib
import io
import os
import re
import shlex
import shutil
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from local.functions import ROOT
from raceday.settings import specs
from tests import once
from tests.cli.kit import raceday
from tests.console.stepped import keep_one_race
from tests.tape.kit import answers, write

PAGE = ROOT / "docs" / "uses.md"
HEAD = """# Every command by good, bad, hostile and odd uses

`tests/cli/test_uses.py` runs each line in a folder with the store of one finished race, a tape with three answers and
somebody's own README.md; it fails on another exit code, another line, or any traceback. "Says" is the last line of
an error, else the first line of the answer; … stands for what differs from run to run. Where a good use would take
long, its help is asked for; an odd use has odd surroundings. `python -m tests.cli.uses` writes this page.

Exit codes: 0 done, 1 done with findings, 2 wrong usage or settings, 3 nothing could be done. Of `deploy`: 2 nothing was
asked to change, 3 it failed after that, and says what stands.

| use | `./raceday` | exit | says |
|---|---|---:|---|
"""
GOOD = """
status --date 2026-02-14 --all
status --ids --date 2026-02-14
status --json --date 2026-02-14
report 'Tuiroa R1' race.html
report 2026-02-14 day.html
explain 'Tuiroa R1' 1 5
explain 8d5b37ca 1 5
asof 'tuiroa r1' 11:40
asof 2026-02-14 11:40
rebuild 'Tuiroa R1'
export 2026-02-14 out
pause daily-races
resume
prune
functions
invoke daily-races --help
invoke daily-meetings --races 1 --quiet
logs
silks sheet silks.html
tape check day.tape
simulate --help
test --help
up --help
console --help
schema --help
webhooks --help
record --help
replay --help
backfill --help
alerts --help
package --help
deploy --help
cold-start --help
doctor --help
measure --help
mutants --list
score --help
outages --help
docs --help
soak --help
bench --help
"""
BAD = """
status --date 2026-02-30
status --date 0001-01-01
report nosuchrace race.html
explain nosuchrace
explain 'Tuiroa R9'
asof 'Tuiroa R1' noonish
rebuild 2026-02-30
export yesterday out
pause nosuch
resume master-race-scheduler
prune --days x
functions extra
invoke nosuch
invoke daily-races --timeout -4
invoke --again nosuch
invoke daily-races --again nosuch
logs --level loud
silks nosuch
tape check absent.tape
simulate --races 0
simulate --races 1 --only nonsense
simulate --faults nosuch
test --lint=x
up --speed -1
console --at noon
schema nosuch
webhooks nosuch
record --feed nosuch
replay absent.tape
backfill yesterday
alerts nosuch
package --nosuch
deploy --nosuch
cold-start --nosuch
doctor --nosuch
measure --only nosuch
mutants --only nosuch
outages --races 0
docs --nosuch
soak --days 0
bench --only nosuch
statsu
score table --races 0
"""
HOSTILE = """
status --store README.md
status --store ''
status --store /proc/none.db
report 2026-02-14 README.md
report 2026-02-14 /proc/x.html
explain 'Tuiroa R1' --store README.md
asof '../../etc/passwd' 11:40
rebuild 'r1; rm -rf .'
export 2026-02-14 README.md
pause daily-races --store README.md
resume daily-races --store nope/deep/x.db
prune --yes --store README.md
functions --store README.md
invoke daily-races --event README.md
invoke daily-meetings --quiet --store /proc/none.db
invoke --again "x' OR '1'='1"
logs --store README.md
silks sheet README.md
tape check README.md
simulate --races 1 --store README.md
simulate --races 1 --json /nope/x
test --lint --only-tests
up --port 99999 --races 1 --store-port 0 --functions-port 0
console --store README.md --port 0
schema diff --env-file README.md
webhooks --env-file /nope/env
record --feed generated --store README.md --minutes 0.01
replay README.md
backfill 2026-02-14 --store README.md
alerts score --json /nope/x
package --out README.md
deploy --out README.md
cold-start --runs 0
doctor --json /nope/x
measure --json /nope/x
mutants --json /nope/x
score table --json /nope/x
outages --races 1 --json /nope/x
docs ../../etc/passwd
soak --days 1 --json /nope/x
bench --json /nope/x
status --date 2026-02-14T00:00
status --date ２０２６-０２-１４
status --date ''
status --date 99999-01-01
status --store .
report '' x.html
report 'Tuiroa R1' .
report 'Tuiroa R1' ''
report 2026-02-14 /dev/full
report 2026-02-14 .raceday/raceday.db
report 💥 x.html
report 2030-01-01 day.html
explain 'Tuiroa R1' 0 5
explain 'Tuiroa R1' 99999999999999999999 5
explain ''
asof 'Tuiroa R1' 25:61
rebuild '%'
export 2026-02-14 /dev/null
export 2026-02-14 ''
export 2026-02-14..2026-02-13 out
pause 'daily-races;ls'
invoke daily-races --event .
invoke daily-races --event /dev/zero
invoke daily-races --timeout nan
invoke daily-races --timeout inf
logs --race ''
tape check /dev/null
tape check ''
simulate --races 1 --seed 1e9
simulate --races 1 --date 1850-01-01
simulate --races 1 --date 9999-12-31
simulate --races 1 --store .
simulate --races 1 --tape /nope/x.tape
simulate --races 1 --json /proc/x
up --speed nan --port 0 --store-port 0 --functions-port 0
up --speed inf --port 0 --store-port 0 --functions-port 0
up --minutes -1 --port 0 --store-port 0 --functions-port 0
up --at 9999-12-31T23:59:59+00:00 --port 0 --store-port 0 --functions-port 0
up --tape /nope/x.tape --port 0 --store-port 0 --functions-port 0
record --feed generated --minutes nan
silks sheet ''
schema diff --env-file /dev/zero
doctor --env-file .
"""
# Where the surroundings are odd a command does as ever.
ODD = """
COLUMNS=20 status --date 2026-02-14 --all
COLUMNS=0 status --date 2026-02-14 --all
COLUMNS=x status --date 2026-02-14 --all
TERM=dumb status --date 2026-02-14 --all
HOME=/proc/none TMPDIR=/proc/none status --date 2026-02-14 --all
TZ=No/Where status --date 2026-02-14 --all
TMPDIR=/proc/none export 2026-02-14 out
COLUMNS=20 functions
"""


class Use(NamedTuple):
    """One use: its kind and its words."""

    kind: str
    line: str


USES = [
    Use(kind, line)
    for kind, lines in (("good", GOOD), ("bad", BAD), ("hostile", HOSTILE), ("odd", ODD))
    for line in lines.strip().splitlines()
]


def fill(folder: Path) -> None:
    """Put a store of one finished race, a tape, a log and somebody's README.md into a folder."""
    (folder / ".raceday").mkdir()
    (folder / "README.md").write_text("# Somebody's own words\n")
    write(folder / "day.tape", answers(3))
    keep_one_race(folder / ".raceday" / "raceday.db")
    line = '{"at": "2026-02-14T00:00:00.000+00:00", "level": "info", "event": "tick.done", "function": "f"}\n'
    (folder / ".raceday" / "raceday.db-log").write_text(line)


def outcome(line: str, template: Path) -> tuple[int, str, str]:
    """Run a line in a copy of a folder; gives exit code, what it says, and all that it wrote."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "w"
        shutil.copytree(template, folder)
        before = Path.cwd()
        words = shlex.split(line)
        given = dict(word.split("=", 1) for word in words[: next(i for i, w in enumerate(words) if "=" not in w)])
        kept = dict(os.environ)
        for spec in specs().values():
            os.environ.pop(spec.env, None)
        os.environ.update(given)
        out, err = io.StringIO(), io.StringIO()
        os.chdir(folder)
        try:
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
                code = raceday(*words[len(given) :])
            own = (folder / "README.md").read_text()
        finally:
            os.chdir(before)
            os.environ.clear()
            os.environ.update(kept)
    assert own == "# Somebody's own words\n", f"{line}: README.md was written to"
    answer, errors = (text.getvalue().replace(str(folder), ".").strip().splitlines() for text in (out, err))
    lines = errors[-1:] if code and errors else [text for text in (*answer, *errors) if text.strip()][:1]
    return code, steady(lines[0]) if lines else "", out.getvalue() + err.getvalue()


def steady(text: str) -> str:
    """Put … for what differs from run to run: durations, sizes, processes and drawn lines."""
    text = re.sub(r"\b[\d,.]+(?= (?:s|ms|bytes|MB|KB)\b)", "…", text)
    text = re.sub(r"process \d+", "process …", text)
    return text.replace("|", "¦").strip()


def row(use: Use, code: int, says: str) -> str:
    """Return a use's line of the table."""
    return f"| {use.kind} | `{use.line}` | {code} | {says} |"


def main() -> None:
    """Run every use and write the page."""
    with once.kept(), tempfile.TemporaryDirectory() as place:
        fill(Path(place))
        rows = []
        for use in USES:
            code, says, _ = outcome(use.line, Path(place))
            rows.append(row(use, code, says))
            print(rows[-1], file=sys.stderr)
    PAGE.write_text(HEAD + "\n".join(rows) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
