"""`./raceday score`: does a row's score tell sound answers from broken ones, and is its money where it truly is?"""

from pathlib import Path
from typing import Any

import click

from local.options import POSITIVE, Options, json_option, write_json
from local.progress import counted


@click.group(epilog="Example: ./raceday score table --recorded ../shared/nztab")
def score() -> None:
    """Judge scores on sound and broken answers, and rows on races drawn out of true money."""


@score.command("table", epilog="Example: ./raceday score table --races 24")
@click.option("--races", type=POSITIVE, default=12, show_default=True, help="races of the generated day")
@click.option("--seed", type=int, default=1, show_default=True, help="the day's seed")
@click.option(
    "--recorded", type=click.Path(exists=True, file_okay=False, path_type=Path), help="a folder of recorded answers too"
)
@json_option("every answer on the wrong side")
def score_table(**options: Any) -> int:
    """Show each check's false alarms and misses, of the half of the answers that was not calibrated on.

    Exit code 0 every sound answer scores at least 90, 1 one does not.
    """
    from local.judging import score_table as judged

    args = Options(**options)
    sources = {"generated": list(judged.generated(args.seed, args.races))}
    if args.recorded:
        sources["recorded"] = list(judged.recorded(args.recorded))
    outside: dict[str, list[str]] = {}
    low = 0
    for name, answers in sources.items():
        for half, which in zip(judged.halves(answers), ("to calibrate on", "reported"), strict=True):
            outside[f"{name}, {which}"] = half.outside()
            low += half.low
            if which == "reported":
                print(f"{name}: {judged.table(half)}\n")
    for where, names in outside.items():
        print(f"{where}: {len(names)} on the wrong side{''.join(f'{chr(10)}  {each}' for each in names[:20])}")
    if args.json:
        write_json(args.json, outside)
    return 1 if low else 0


@score.command("money", epilog="Example: ./raceday score money --races 2000")
@click.option("--races", type=POSITIVE, default=300, show_default=True, help="races drawn around scratchings")
@click.option("--seed", type=int, default=0, show_default=True, help="the first race's seed")
def score_money(**options: Any) -> int:
    """Count rows whose money is elsewhere by over 4.5 % of a pool without saying so, and rows undecided needlessly.

    Exit code 0 there is no wrong one, 1 there is.
    """
    from local.judging.money_truth import judge

    args = Options(**options)
    counts = judge(counted(range(args.seed, args.seed + args.races), "races", args.races))
    print(f"pools of polls {counts.rows:,}: wrong and not told {len(counts.wrong)}, wrong and told {len(counts.told)},")
    print(f"undecided {counts.undecided}, of these needlessly {len(counts.needless)}")
    for fault in counts.wrong[:20]:
        print(f"  seed {fault.seed} poll {fault.poll} {fault.product} {fault.word or 'no word'}: {fault.where}")
    return 1 if counts.wrong else 0
