"""`./raceday alerts score`: is what the evaluator tells real?"""

from typing import Any

import click

from local.options import POSITIVE, Options, json_option, write_json


@click.group(epilog="Example: ./raceday alerts score --days 5")
def alerts() -> None:
    """Judge the alert evaluator against the generated market, which knows what moved."""


@alerts.command(epilog="Example: ./raceday alerts score --days 5")
@click.option("--days", type=POSITIVE, default=3, show_default=True, help="generated days")
@click.option("--races", type=POSITIVE, default=24, show_default=True, help="races a day")
@click.option("--seed", type=int, default=1, show_default=True, help="the first day's seed")
@json_option("the counts")
def score(**options: Any) -> int:
    """Count real moves told and missed, and false alerts, of each kind. Exit code 0 none is false and 99 % are told."""
    from local.judging import alert_score

    args = Options(**options)
    found = alert_score.score(args.days, seed=args.seed, races=args.races)
    print(alert_score.table(found))
    if args.json:
        write_json(args.json, found.as_json())
    return 0 if found.good else 1
