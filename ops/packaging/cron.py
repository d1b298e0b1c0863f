"""Cron expressions as the platform's deployer takes them: five numeric fields, UTC."""

import re

_FIELDS = (("minute", 0, 59), ("hour", 0, 23), ("day of month", 1, 31), ("month", 1, 12), ("day of week", 0, 6))
_PART = re.compile(r"^(?:\*|(\d{1,2})(?:-(\d{1,2}))?)(?:/(\d{1,2}))?$")


def cron_problem(expression: object) -> str:
    """Say what the deployer or the platform would not take in a cron expression; empty where it is fine."""
    if not isinstance(expression, str):
        return "expected a text of five numeric fields"
    fields = expression.split()
    if len(fields) != len(_FIELDS):
        return f"expected five fields (minute hour day month weekday), found {len(fields)}"
    for text, (name, low, high) in zip(fields, _FIELDS, strict=True):
        for part in text.split(","):
            if problem := _part_problem(part, low, high):
                return f"{name} {part!r}: {problem}"
    return ""


def _part_problem(part: str, low: int, high: int) -> str:
    match = _PART.match(part)
    if match is None:
        return "expected numbers, ranges, lists, steps or *; names, @, L, ? and # are refused"
    first, last, step = (None if group is None else int(group) for group in match.groups())
    for number in (first, last):
        if number is not None and not low <= number <= high:
            return f"expected {low} to {high}"
    if first is not None and last is not None and first > last:
        return "the range runs backwards"
    if step is not None:
        return _step_problem(step, low if first is None else first, high if last is None else last)
    return ""


def _step_problem(step: int, first: int, last: int) -> str:
    # The platform takes a step only where it divides the range evenly; elsewhere the trigger never fires as written.
    if step == 0 or (last - first + 1) % step:
        return f"a step has to divide its range of {last - first + 1} evenly"
    return ""
