"""The port of the environment: every setting, declared once with its variable, default and meaning."""

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from datetime import date
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from raceday.errors import SettingsError
from raceday.log import SHORTEST_SECRET

FEED = "feed"
STORE = "store"
PLATFORM = "platform"
WEBHOOKS = "webhooks"
GROUPS = frozenset({FEED, STORE, PLATFORM, WEBHOOKS})
_MISSING = object()
NOT_OF_THE_FEED = {"AU": "AUS", "NZL": "NZ"}
_OF_DIGITALOCEAN = (".doserverless.io", ".doserverless.co")


class Spec(NamedTuple):
    """How one setting is read: its variable, what it means, and who cannot do without it."""

    env: str
    doc: str
    parse: Callable[[str], Any]
    default: Any = _MISSING
    secret: bool = False
    needed_by: str = ""

    @property
    def required(self) -> bool:
        """Tell whether the groups that use it refuse to start without it."""
        return bool(self.needed_by)


def _header(value: str) -> str:
    """Take what is sent as a header: quotes of a word processor or a hidden character would end every call."""
    text = value.strip()
    if not (text.isascii() and text.isprintable()):
        raise ValueError("plain ASCII characters, since it is sent as a header")
    return text


def _id(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_][\w.-]{0,63}", value.strip(), re.ASCII):
        raise ValueError("an id of letters, digits, and . _ - behind the first of them")
    return value.strip()


def _optional_id(value: str) -> str:
    return _id(value) if value.strip() else ""


def _url(value: str) -> str:
    url = value.strip().rstrip("/")
    try:
        parts = urlsplit(url)
        whole = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        whole = False
    if not whole or not url.isascii() or not url.isprintable() or " " in url:
        raise ValueError("an http or https URL with a host")
    return url


def _base(value: str) -> str:
    """Take a URL that paths are put behind."""
    url = _url(value)
    if "?" in url or "#" in url:
        raise ValueError("an http or https URL without ? and #, for paths are put behind it")
    return url


def _optional_url(value: str) -> str:
    return _url(value) if value.strip() else ""


def _api_host(value: str) -> str:
    """Take the host that a namespace stands on, which has two names, `.io` and `.co`, and nothing behind either."""
    url = _url(value)
    if not url:
        return ""
    scheme, _, host = url.partition("://")
    if not re.fullmatch(r"[\w.-]+(?::\d+)?", host):
        raise ValueError("a host alone, https://... with nothing behind it")
    if ".doserverless" in host.lower() and (scheme != "https" or not host.lower().endswith(_OF_DIGITALOCEAN)):
        raise ValueError(
            "the host that `doctl serverless namespaces list` shows, https://... ending in .doserverless.io"
        )
    return url


def _date(value: str) -> str:
    try:
        if re.fullmatch(r"\d{4}-\d\d-\d\d", value.strip(), re.ASCII):
            return date.fromisoformat(value.strip()).isoformat()
    except ValueError:
        pass
    raise ValueError("a date as YYYY-MM-DD")


def _length(low: int, high: int) -> Callable[[str], str]:
    def parse(value: str) -> str:
        if not low <= len(value) <= high or value != value.strip():
            raise ValueError(f"{low} to {high} characters, no blank at either end")
        return value

    return parse


def _key(value: str) -> str:
    """Take a key that the log can redact: one of fewer characters would blot innocent words."""
    key = value.strip()
    if len(key) < SHORTEST_SECRET:
        raise ValueError(f"{SHORTEST_SECRET} characters or more, a key that log lines can leave out")
    return _header(key)


def _access_key(value: str) -> str:
    if not re.fullmatch(r"dof_v1_[^:\s]+:[^:\s]+", value.strip()) or not value.isascii():
        raise ValueError("a namespace access key, dof_v1_<id>:<secret>")
    return value.strip()


def _flag(value: str) -> bool:
    word = value.strip().lower()
    if word in {"1", "true", "yes", "on"}:
        return True
    if word in {"0", "false", "no", "off", ""}:
        return False
    raise ValueError("true or false")


def _listed(form: str, meant: str) -> Callable[[str], frozenset[str]]:
    """Take words with commas between them; one of another form would match nothing, and all else be left out."""

    def parse(value: str) -> frozenset[str]:
        found = frozenset(word.strip().upper() for word in value.split(",") if word.strip())
        if not found or not all(re.fullmatch(form, word) for word in found):
            raise ValueError(f"a comma-separated list of {meant}")
        return found

    return parse


def _countries(value: str) -> frozenset[str]:
    """Take the feed's own codes, of which two are often taken for others: those would match nothing."""
    found = _listed("[A-Z]{2,3}", "country codes as AUS")(value)
    if wrong := sorted(found & NOT_OF_THE_FEED.keys()):
        raise ValueError(" and ".join(f"{NOT_OF_THE_FEED[code]} for {code}" for code in wrong) + ", as the feed has it")
    return found


def _hosts(value: str) -> frozenset[str]:
    found = frozenset(word.strip() for word in value.split(",") if word.strip())
    if not all(re.fullmatch(r"\.?[\w-]+(\.[\w-]+)*", host, re.ASCII) for host in found):
        raise ValueError("a comma-separated list of host names, without https://, port or path")
    return found


def _number(low: float, high: float) -> Callable[[str], float]:
    def parse(value: str) -> float:
        try:
            number = float(value)
        except ValueError:
            raise ValueError(f"a number from {low:g} to {high:g}") from None
        if not low <= number <= high:
            raise ValueError(f"a number from {low:g} to {high:g}")
        return number

    return parse


def _whole(low: int, high: int) -> Callable[[str], int]:
    def parse(value: str) -> int:
        if not re.fullmatch(r"-?\d+", value.strip(), re.ASCII) or not low <= int(value) <= high:
            raise ValueError(f"a whole number from {low} to {high}")
        return int(value)

    return parse


def _one_of(*words: str) -> Callable[[str], str]:
    def parse(value: str) -> str:
        if value.strip().lower() not in words:
            raise ValueError(" or ".join(words))
        return value.strip().lower()

    return parse


def _level(value: str) -> str:
    if value.strip().lower() not in ("debug", "info", "warning", "error"):
        raise ValueError("debug, info, warning or error")
    return value.strip().lower()


def _divides_a_minute(value: str) -> int:
    secs = _whole(15, 60)(value)
    if 60 % secs:
        raise ValueError("15, 20, 30 or 60: a divisor of 60 seconds, not under the feed's refresh of 15")
    return secs


def _s(
    env: str,
    doc: str,
    parse: Callable[[str], Any] = _header,
    default: Any = _MISSING,
    *,
    secret: bool = False,
    needed_by: str = "",
) -> Any:
    """Declare one setting."""
    spec = Spec(env, doc, parse, default, secret, needed_by)
    return field(default="" if default is _MISSING else default, metadata={"spec": spec}, repr=not secret)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything the suite takes from its environment; secrets stay out of its `repr`."""

    feed_url: str = _s(
        "NZTAB_URL", "Base of the feed's racing API", _base, "https://api.tab.co.nz/affiliates/v1/racing"
    )
    feed_from: str = _s("NZTAB_FROM", "Contact e-mail sent as `From`", needed_by=FEED)
    feed_partner: str = _s("NZTAB_PARTNER", "Partner name sent as `X-Partner`", needed_by=FEED)
    feed_partner_id: str = _s("NZTAB_PARTNER_ID", "Issued id sent as `X-Partner-ID`", secret=True, needed_by=FEED)
    feed_rate_per_sec: float = _s(
        "NZTAB_RATE_PER_SEC", "Feed requests a second, per process; 0 is no limit", _number(0, 1000), 10.0
    )
    feed_concurrency: int = _s("NZTAB_CONCURRENCY", "Feed requests at once, per process", _whole(1, 100), 8)
    feed_timeout_secs: float = _s("NZTAB_TIMEOUT_SECS", "Longest wait for a feed answer", _number(0.1, 60), 8.0)
    feed_attempts: int = _s(
        "NZTAB_ATTEMPTS",
        "Tries of one feed request of an import; a poll tries until its slot is over",
        _whole(1, 10),
        3,
    )

    countries: frozenset[str] = _s(
        "RACEDAY_COUNTRIES",
        "Countries imported, by the feed's own codes: AUS and NZ, not AU and NZL",
        _countries,
        frozenset({"AUS", "NZ"}),
    )
    codes: frozenset[str] = _s(
        "RACEDAY_CODES", "Codes imported: T, H (and G)", _listed("[THG]", "T, H and G"), frozenset({"T", "H"})
    )
    greyhounds: bool = _s("RACEDAY_GREYHOUNDS", "Import greyhounds (code G) too", _flag, False)

    store_endpoint: str = _s("APPWRITE_ENDPOINT", "Appwrite's endpoint, with `/v1`", _base, needed_by=STORE)
    store_project: str = _s("APPWRITE_PROJECT_ID", "Appwrite project", _id, needed_by=STORE)
    store_key: str = _s("APPWRITE_API_KEY", "API key for rows and files", _key, secret=True, needed_by=STORE)
    store_database: str = _s("APPWRITE_DATABASE_ID", "Database", _id, "raceday-db")
    store_bucket: str = _s("APPWRITE_BUCKET_ID", "Storage bucket of the silk icons", _id, "silks")
    store_timeout_secs: float = _s(
        "APPWRITE_TIMEOUT_SECS", "Longest wait for one answer of Appwrite", _number(0.1, 60), 10.0
    )
    store_attempts: int = _s(
        "APPWRITE_ATTEMPTS", "Tries of one call of a command; a function tries while its time lasts", _whole(1, 10), 3
    )
    store_connections: int = _s("APPWRITE_CONNECTIONS", "Connections kept to Appwrite", _whole(1, 100), 16)

    near_interval_secs: int = _s(
        "RACEDAY_INTERVAL_T5_SECS", "Poll interval from T-5 to T-3 min: 15, 20, 30 or 60", _divides_a_minute, 30
    )
    last_interval_secs: int = _s(
        "RACEDAY_INTERVAL_T3_SECS", "Poll interval from T-3 min to the start: 15, 20, 30 or 60", _divides_a_minute, 30
    )
    polls_at_once: int = _s("RACEDAY_POLLS_AT_ONCE", "Races polled at the same time by one poller", _whole(1, 200), 60)
    races_per_poller: int = _s("RACEDAY_RACES_PER_POLLER", "Races handed to one poller activation", _whole(1, 200), 30)
    hand_out: str = _s(
        "RACEDAY_HAND_OUT",
        "`just-in-time` starts pollers shortly before their slots, `ahead` at once, to wait there",
        _one_of("just-in-time", "ahead"),
        "just-in-time",
    )
    batch_limit: int = _s("RACEDAY_BATCH_LIMIT", "Races that batch-race-poller takes at once", _whole(1, 100), 10)
    tape_bucket: str = _s(
        "RACEDAY_TAPE", "Bucket that takes what the feed says to pollers; empty is off", _optional_id, ""
    )
    legacy_schedules: bool = _s("RACEDAY_LEGACY_SCHEDULES", "Run the legacy pollers' schedules too", _flag, False)
    log_level: str = _s("RACEDAY_LOG_LEVEL", "debug, info, warning or error", _level, "info")

    platform_host: str = _s(
        "RACEDAY_API_HOST", "API host of the functions namespace, as https://...", _api_host, needed_by=PLATFORM
    )
    platform_namespace: str = _s("RACEDAY_NAMESPACE", "Functions namespace", _id, needed_by=PLATFORM)
    platform_key: str = _s(
        "RACEDAY_NAMESPACE_KEY", "Namespace access key `dof_v1_id:secret`", _access_key, secret=True, needed_by=PLATFORM
    )
    platform_key_expires: str = _s(
        "RACEDAY_NAMESPACE_KEY_EXPIRES", "Last day of that key, YYYY-MM-DD; empty is never", _date, ""
    )
    platform_package: str = _s("RACEDAY_PACKAGE", "Package that holds the functions", _id, "raceday")

    money_flow_url: str = _s("RACEDAY_URL_MONEY_FLOW_TRACKER", "Public URL of money-flow-tracker", _optional_url, "")
    race_pools_url: str = _s(
        "RACEDAY_URL_RACE_POOLS_AGGREGATOR", "Public URL of race-pools-aggregator", _optional_url, ""
    )
    alerts_url: str = _s("RACEDAY_URL_ALERT_EVALUATOR", "Public URL of alert-evaluator", _optional_url, "")
    webhook_secret: str = _s(
        "RACEDAY_WEBHOOK_SECRET",
        "Secret that signs Appwrite's webhooks, 8 to 256 characters",
        _length(8, 256),
        secret=True,
        needed_by=WEBHOOKS,
    )

    ledger_days: int = _s("RACEDAY_KEEP_LEDGER_DAYS", "Days the poll ledger is kept", _whole(2, 3650), 14)
    odds_days: int = _s("RACEDAY_KEEP_ODDS_DAYS", "Days odds history is kept", _whole(1, 3650), 30)
    notification_days: int = _s("RACEDAY_KEEP_NOTIFICATION_DAYS", "Days notifications are kept", _whole(1, 3650), 7)
    results_days: int = _s(
        "RACEDAY_KEEP_RESULTS_DAYS",
        "Days versions of results and closing prices are kept",
        _whole(8, 3650),
        400,
    )
    quarantine_rows: int = _s("RACEDAY_QUARANTINE_ROWS", "Unreadable payloads kept", _whole(1, 10000), 200)
    alarm_url: str = _s(
        "RACEDAY_ALARM_URL", "URL told of trouble by POST; empty is none", _optional_url, "", secret=True
    )
    heartbeat_url: str = _s(
        "RACEDAY_HEARTBEAT_URL",
        "URL asked for by each tick that did its work, with `/fail` by one that could not; empty is none",
        _optional_url,
        "",
        secret=True,
    )
    silk_hosts: frozenset[str] = _s(
        "RACEDAY_SILK_HOSTS",
        "Hosts silk pictures may come from; a leading dot admits subdomains",
        _hosts,
        frozenset({"cdn.prod.pricekinetics.com"}),
    )
    silk_pictures: bool = _s("RACEDAY_SILK_PICTURES", "Fetch silk pictures to check the text", _flag, False)

    @property
    def all_codes(self) -> frozenset[str]:
        """Return the codes imported, greyhounds included where they are asked for."""
        return self.codes | {"G"} if self.greyhounds else self.codes

    def secrets(self) -> tuple[str, ...]:
        """Return every secret value, for the log to redact; only the feed's id may be too short for that."""
        return tuple(v for f in fields(self) if spec_of(f).secret and (v := getattr(self, f.name)))


def spec_of(setting: Any) -> Spec:
    """Return the declaration of a dataclass field of Settings."""
    spec: Spec = setting.metadata["spec"]
    return spec


def specs() -> dict[str, Spec]:
    """Return every setting's declaration by field name."""
    return {f.name: spec_of(f) for f in fields(Settings)}


def read_settings(env: Mapping[str, str] | None = None, needs: frozenset[str] = frozenset()) -> Settings:
    """Read settings from `env` (the process's own by default); raises SettingsError naming every problem at once."""
    source = os.environ if env is None else env
    values: dict[str, Any] = {}
    problems: list[str] = []
    for name, spec in specs().items():
        raw = source.get(spec.env, "")
        if not raw.strip():
            if spec.needed_by in needs and spec.required:
                problems.append(f"{spec.env} is missing: {spec.doc}")
            continue
        try:
            values[name] = spec.parse(raw)
        except ValueError as error:
            shown = "" if spec.secret else f", got {raw[:60]!r}"
            problems.append(f"{spec.env}: expected {error}{shown}")
    if problems:
        raise SettingsError(problems)
    return Settings(**values)
