"""Where the embedded server answers other than the recorded one, and why it has to."""

from typing import NamedTuple


class Difference(NamedTuple):
    """One exchange that stays other: its scenario begins with `scenario`, its path ends with `path`."""

    scenario: str
    path: str
    why: str


DIFFERENCES = (
    Difference("test_an_unknown_route_is_a_page", "/nope/nope", "the page's HTML is Appwrite's own work"),
    Difference("case, ids, urls", "/health/version", "the message names the key's project and the server's host"),
    Difference(
        'test_a_row_that_does_not_fit_is_refused[data5-Attribute "at"',
        "/tables/cars/rows",
        "`yesterday` is told from the day of asking, so only a server whose clock stands at the recording agrees",
    ),
)


def reason(scenario: str, path: str) -> str:
    """Return why an exchange stays other, empty where nothing excuses it."""
    return next((d.why for d in DIFFERENCES if scenario.startswith(d.scenario) and path.endswith(d.path)), "")
