"""Which races the suite is about: one rule for every function."""

from raceday.errors import FilteredOut
from raceday.settings import Settings

COUNTRIES_RULE = "RACEDAY_COUNTRIES"
CODES_RULE = "RACEDAY_CODES"


def rule_against(settings: Settings, country: str, code: str) -> str | None:
    """Return the name of the setting that excludes a country or code, None where it is wanted."""
    if country.upper() not in settings.countries:
        return COUNTRIES_RULE
    if code.upper() not in settings.all_codes:
        return CODES_RULE
    return None


def require_wanted(settings: Settings, subject: str, country: str, code: str) -> None:
    """Raise FilteredOut, naming the rule, for a race the suite is not about."""
    rule = rule_against(settings, country, code)
    if rule is not None:
        raise FilteredOut(subject, rule)
