"""The page of docs/ that names every mutant with the test and the day that noticed it, from a run's results."""

from collections.abc import Mapping, Sequence
from typing import Any

from local.mutants.anchor import Mutant
from local.mutants.trial import TrialOutcome

MOST_WORDS = 110
UNTRIED = "not tried"
HEAD = """# Mutants: the library broken in one line at a time

Made of the results of a whole run, and the same for every run of one tree:

    ./raceday mutants --jobs 2 --json mutants.json
    ./raceday mutants --table mutants.json > docs/mutants.md

After a change of some mutants those alone are tried (`--only NAME --json some.json`), and both files make the page:
`--table mutants.json --table some.json`, of which the last that has a mutant counts.

{whole} mutants, {by_test} noticed by a test, {by_day} by a simulated day, {unseen} that no day can tell;
{alive} survived{untried}.
What a day says is what its judge counted, and the first difference. [Simulation](simulation.md) says how it works.

| mutant | rule | the test that fails | day | what the day says, or why none can |
|---|---|---|---|---|
"""


def page(catalogue: Sequence[Mutant], rows: Sequence[Mapping[str, Any]], *, partial: bool = False) -> str:
    """Return the page; ValueError unless every mutant has a result, and of the text, tests and day it has now.

    Of several results of one mutant the last counts. A `partial` page says of those without one that nobody tried them.
    """
    by_name = {row["mutant"]: row for row in rows}
    if partial:
        by_name = {mutant.name: _known(mutant, by_name.get(mutant.name)) for mutant in catalogue}
    if odd := sorted({mutant.name for mutant in catalogue} - by_name.keys()):
        raise ValueError(f"expected the results of the whole catalogue, got none of {', '.join(odd[:5])}")
    if stale := [mutant.name for mutant in catalogue if by_name[mutant.name].get("digest") != mutant.digest]:
        raise ValueError(f"expected results of the catalogue as it is, got older ones of {', '.join(stale[:5])}")
    rows = [by_name[mutant.name] for mutant in catalogue]
    head = HEAD.format(
        whole=len(rows),
        by_test=sum(bool(row["killed_by"]) for row in rows),
        by_day=sum(bool(row["day_said"]) for row in rows),
        unseen=sum(not row["day"] for row in rows),
        alive=sum(bool(row["survived"]) and not row.get(UNTRIED) for row in rows),
        untried=f"; {untried} were not tried" if (untried := sum(bool(row.get(UNTRIED)) for row in rows)) else "",
    )
    return head + "".join(_line(by_name[mutant.name]) for mutant in catalogue)


def _known(mutant: Mutant, row: Mapping[str, Any] | None) -> Mapping[str, Any]:
    if row is not None and row.get("digest") == mutant.digest:
        return row
    return {**TrialOutcome(mutant).row(), UNTRIED: True}


def _line(row: Mapping[str, Any]) -> str:
    test = row["killed_by"].split(": ")[0].split("[")[0].removeprefix("tests/")
    words = row["day_said"] if row["day"] else row["unseen"]
    if row.get(UNTRIED):
        words = UNTRIED
    elif row["survived"]:
        words = f"SURVIVED ({' and '.join(row['survived'])})"
    cells = (row["mutant"], row["rule"], f"`{test}`" if test else "-", row["day"] or "-", _short(words))
    return f"| {' | '.join(cells)} |\n"


def _short(words: str) -> str:
    plain = words.replace("|", "/").replace("\n", " ")
    return plain if len(plain) <= MOST_WORDS else f"{plain[:MOST_WORDS].rstrip()}..."
