"""Settings in one way: which source wins, what nothing reads, and forms that are checked everywhere alike."""

import os
import re
from datetime import date
from pathlib import Path

import click
import httpx
import pytest

from local import environment, stores
from local.cli import COMMANDS, Commands, main
from local.environment import applied, current, taken
from local.functions import ROOT
from local.simulate.world import settings_from_env
from local.staged import environment as settings_environment
from local.world import InProcess, open_world
from ops import doctor_platform
from ops.environment import BESIDE, doubts, key_expired, load, problems, unknown, until
from ops.packaging.doctl import Doctl
from ops.packaging.environment import environment_problems
from raceday.container import NoHeartbeat
from raceday.errors import SettingsError
from raceday.settings import Settings, read_settings, specs
from tests.deploy.fake.doctl import FakeDoctl
from tests.deploy.fake.host import FakeHost

GOOD = {"RACEDAY_WEB_SECRET": "a-secret-of-sixteen", "RACEDAY_WEBHOOK_SECRET": "eight-and-more"}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file with three variables, one of them empty."""
    path = tmp_path / "settings"
    path.write_text("NZTAB_FROM=file@x.test\nRACEDAY_CODES=T\nRACEDAY_COUNTRIES=\n")
    return path


def test_the_environment_wins_over_the_file_and_empty_is_unset(file: Path) -> None:
    """Each name's source is told; an empty variable hides nothing."""
    found = load({"NZTAB_FROM": "own@x.test", "RACEDAY_CODES": "", "HOME": "/"}, file)
    assert found.values == {"NZTAB_FROM": "own@x.test", "RACEDAY_CODES": "T", "HOME": "/"}
    assert found.sources == {"NZTAB_FROM": "the environment over settings", "RACEDAY_CODES": "settings"}
    assert str(found) == "from the environment over settings: NZTAB_FROM; from settings: RACEDAY_CODES"


def test_variables_that_nothing_reads_are_told_with_the_nearest_name() -> None:
    """A misspelt name would leave its setting at the default in silence."""
    assert unknown(["RACEDAY_GREYHOUND", "PATH", "NZTAB_FROM"]) == [
        "RACEDAY_GREYHOUND is read by nothing; did you mean RACEDAY_GREYHOUNDS?"
    ]
    assert unknown([*(spec.env for spec in specs().values()), *BESIDE]) == []


def test_a_name_is_told_as_meant_only_where_it_is_near() -> None:
    """What every name begins with makes none of them near."""
    assert unknown(["RACEDAY_POLLS", "RACEDAY_COLOUR", "NZTAB_PARTNERID"]) == [
        "NZTAB_PARTNERID is read by nothing; did you mean NZTAB_PARTNER_ID?",
        "RACEDAY_COLOUR is read by nothing",
        "RACEDAY_POLLS is read by nothing",
    ]


def test_an_api_host_of_a_legacy_connection_is_told() -> None:
    """Plan and doctor tell a host in .co; one in .io, or of a private network, is nothing to tell."""
    host = "https://faas-syd1-x.doserverless"
    assert ["ends in .io" in text for text in doubts({"RACEDAY_API_HOST": f"{host}.co/"})] == [True]
    assert doubts({"RACEDAY_API_HOST": f"{host}.io"}) == doubts({"RACEDAY_API_HOST": "https://a.company"}) == []


def test_a_url_that_is_not_the_platforms_is_told_and_not_refused() -> None:
    """Host, namespace and function say what it is; another one may be a proxy's, or a slip that loses every webhook."""
    known = {"RACEDAY_API_HOST": "https://f.test/", "RACEDAY_NAMESPACE": "fn-a"}
    right = "https://f.test/api/v1/web/fn-a/raceday/alert-evaluator"
    assert doubts({**known, "RACEDAY_URL_ALERT_EVALUATOR": right}) == []
    wrong = {**known, "RACEDAY_URL_ALERT_EVALUATOR": "http://wrong.example/hook"}
    (told,) = doubts(wrong)
    assert told.startswith(f"RACEDAY_URL_ALERT_EVALUATOR is not {right}")
    assert not any("URL" in problem for problem in problems(wrong))
    assert doubts({"RACEDAY_URL_ALERT_EVALUATOR": "http://wrong.example/hook"}) == []


@pytest.mark.parametrize(
    ("host", "told"),
    [
        ("https://faas-syd1-x.doserverless.c", "ending in .doserverless.io"),
        ("https://faas-syd1-x.doserverless.io.test", "ending in .doserverless.io"),
        ("http://faas-syd1-x.doserverless.io", "ending in .doserverless.io"),
        ("https://f.test/api/v1", "a host alone"),
        ("https://user@f.test", "a host alone"),
        ("https://f.test?x=1", "a host alone"),
        ("f.test", "an http or https URL"),
    ],
)
def test_an_api_host_that_cannot_be_right_is_refused(host: str, told: str) -> None:
    """Each cluster of DigitalOcean has a name in .io and one in .co; another ending, or more than a host, is a slip."""
    with pytest.raises(SettingsError, match=told):
        read_settings({"RACEDAY_API_HOST": host})
    good = "https://faas-syd1-x.doserverless"
    for right in (f"{good}.io", f"{good}.co", "http://127.0.0.1:8080", "https://f.test"):
        assert read_settings({"RACEDAY_API_HOST": f"{right}/"}).platform_host == right


def test_the_last_day_of_a_key_is_told_in_words() -> None:
    """The last day itself is not past; a date that is none is told elsewhere."""
    today = date(2026, 3, 29)
    told = [until(date.fromisoformat(day), today) for day in ("2026-03-01", "2026-03-28", "2026-03-29", "2026-03-30")]
    assert told == ["expired 28 days ago", "expired 1 day ago", "expires after today", "expires in 1 day"]
    past = [key_expired({"RACEDAY_NAMESPACE_KEY_EXPIRES": d}, today) for d in ("2026-03-28", "2026-03-29", "soon", "")]
    assert [bool(text) for text in past] == [True, False, False, False]
    assert "expired 1 day ago" in past[0]
    assert "serverless key create" in past[0]


BAD = {
    "RACEDAY_LOG_LEVEL": ("loud", "debug, info, warning or error"),
    "RACEDAY_WEBHOOK_SECRET": ("five5", "8 to 256 characters"),
    "RACEDAY_WEB_SECRET": ("short", "at least 16 characters"),
    "RACEDAY_NAMESPACE_KEY": ("uuid:key", "a namespace access key"),
    "RACEDAY_NAMESPACE_KEY_EXPIRES": ("soon", "a date as YYYY-MM-DD"),
    "RACEDAY_API_HOST": ("https://faas-syd1-x.doserverless.com", "ending in .doserverless.io"),
    "RACEDAY_HEARTBEAT_URL": ("watch.test", "an http or https URL"),
    "RACEDAY_URL_ALERT_EVALUATOR": ("https:///web", "an http or https URL with a host"),
    "RACEDAY_ALARM_URL": ("https://a.test:99999/x", "an http or https URL with a host"),
    "NZTAB_URL": ("https://a.test/racing?x=1", "for paths are put behind it"),
    "APPWRITE_ENDPOINT": ("https://a.test?x=/v1", "for paths are put behind it"),
    "APPWRITE_API_KEY": ("\u201ca-key-in-typed-quotes\u201d", "plain ASCII"),
    "NZTAB_PARTNER_ID": ("abc\u200bdef", "plain ASCII"),
    "APPWRITE_PROJECT_ID": ('"project', "an id of letters"),
    "APPWRITE_DATABASE_ID": ("raceday/db", "an id of letters"),
    "RACEDAY_NAMESPACE": ("fn-acc raceday", "an id of letters"),
    "RACEDAY_COUNTRIES": ("AUS;NZ", "a comma-separated list of country codes"),
    "RACEDAY_CODES": ("TH", "a comma-separated list of T, H and G"),
    "RACEDAY_SILK_HOSTS": ("https://cdn.test", "host names, without https://"),
    "RACEDAY_BATCH_LIMIT": ("\u00b2", "a whole number from"),
}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("RACEDAY_NAMESPACE_KEY_EXPIRES", "20271128"),
        ("RACEDAY_NAMESPACE_KEY_EXPIRES", "2027-W01-1"),
        ("RACEDAY_NAMESPACE_KEY_EXPIRES", "2027-02-29"),
        ("RACEDAY_WEBHOOK_SECRET", "        x"),
    ],
)
def test_a_date_of_another_form_and_a_secret_of_blanks_are_refused(name: str, value: str) -> None:
    """What an operator reads otherwise than we do, and a secret that a form field cuts, are no settings."""
    (found,) = problems({**GOOD, name: value})
    assert found.startswith(f"{name}: expected ")


@pytest.mark.parametrize("secret", [" a-secret-of-sixteen", "a-secret-of-sixteen\u2019", "a-secret\tof-sixteen"])
def test_a_web_secret_that_no_header_carries_is_refused(secret: str) -> None:
    """A space at an end, a typed quote and a tab would let nobody in; the message does not show it."""
    (found,) = problems({**GOOD, "RACEDAY_WEB_SECRET": secret})
    assert found.startswith("RACEDAY_WEB_SECRET: expected plain ASCII")
    assert secret.strip() not in found


@pytest.mark.parametrize("key", ["an-admin's-key-of-ours", "an-admin-key\tof-ours", "an-admin-key\u2019", "Z"])
def test_an_admin_key_that_cannot_be_one_is_refused(key: str) -> None:
    """No function reads it, and it is a header of the commands that make tables and webhooks; it is not shown."""
    (found,) = problems({**GOOD, "APPWRITE_ADMIN_KEY": key})
    (planned,) = environment_problems([], {"APPWRITE_ADMIN_KEY": key})
    assert found == planned
    assert found.startswith("APPWRITE_ADMIN_KEY: ")
    assert key not in found
    assert problems({**GOOD, "APPWRITE_ADMIN_KEY": "an-admin-key-of-ours "}) == []


@pytest.mark.parametrize(
    ("countries", "told"),
    [("AU, NZ", "expected AUS for AU,"), ("aus,nzl", "NZ for NZL"), ("NZL,AU", "AUS for AU and NZ")],
)
def test_a_country_by_another_name_than_the_feeds_is_refused(countries: str, told: str) -> None:
    """It would match nothing, and a whole country's races would be left out without a word."""
    (found,) = problems({**GOOD, "RACEDAY_COUNTRIES": countries})
    assert told in found
    assert doubts({"RACEDAY_COUNTRIES": countries}) == []


def test_a_country_that_the_feed_is_not_known_to_have_is_doubted() -> None:
    """The feed had one more than its list before; that it has none of it is told, and not refused."""
    assert doubts({"RACEDAY_COUNTRIES": "AUS, nz,HK,TUR"}) == []
    (found,) = doubts({"RACEDAY_COUNTRIES": "AUS,NX,XX"})
    assert "not known to have NX, XX" in found


def test_a_file_that_may_not_mean_what_it_says_is_told(tmp_path: Path) -> None:
    """Two values of one variable, and a name that is almost one of ours, are named; two equal ones are nothing."""
    path = tmp_path / "settings"
    path.write_text(
        "NZTAB_FROM=a@x.test\nnztab_partner=p\nRACEDY_NAMESPACE=fn-x\nHOME_TOWN=x\nNZTAB_FROM=b@x.test\n"
        "RACEDAY_CODES=T\nexport RACEDAY_CODES='T'\n"
    )
    found = load({}, path)
    assert found.values["NZTAB_FROM"] == "b@x.test"
    assert found.notes == (
        "NZTAB_FROM stands in settings on the lines 1, 5 with different values; the last counts",
        "nztab_partner is read by nothing; did you mean NZTAB_PARTNER?",
        "RACEDY_NAMESPACE is read by nothing; did you mean RACEDAY_NAMESPACE?",
    )
    lines = [line for line in doctor_platform.environment(found, frozenset()) if line.level == "warning"]
    assert [line.found for line in lines] == list(found.notes)


def test_an_endpoint_without_its_version_is_doubted() -> None:
    """Appwrite stands behind /v1; a proxy might put it elsewhere, so that it is no refusal."""
    assert "does not end in /v1" in doubts({"APPWRITE_ENDPOINT": "https://a.test"})[0]
    assert doubts({"APPWRITE_ENDPOINT": "https://a.test/v1/"}) == []


@pytest.mark.parametrize(("name", "value", "told"), [(n, v, t) for n, (v, t) in BAD.items()], ids=BAD)
def test_lengths_and_forms_are_checked_by_all_alike(name: str, value: str, told: str) -> None:
    """Plan, doctor and functions refuse the same values, and tell no secret."""
    found = "\n".join(problems({**GOOD, name: value}))
    assert name in found
    assert told in found
    lines = list(doctor_platform.environment(load({**GOOD, name: value}), frozenset()))
    assert [line.level for line in lines] == ["failing", "ok"]
    assert lines[-1].found.startswith("from the environment: ")
    assert name in lines[-1].found
    assert value not in lines[-1].found
    if name != "RACEDAY_WEB_SECRET":
        with pytest.raises(SettingsError, match=told):
            read_settings({name: value})
    assert problems(GOOD) == []


def test_the_option_is_taken_from_anywhere_in_the_words(file: Path) -> None:
    """Before or behind the command it is the same; a command that reads no environment refuses it."""
    assert taken(["doctor", "--env-file", str(file), "--json", "x"]) == (["doctor", "--json", "x"], file)
    assert taken([f"--env-file={file}", "doctor"]) == (["doctor"], file)
    with pytest.raises(click.UsageError, match="soak reads no environment"):
        taken(["soak", "--env-file", str(file)])
    with pytest.raises(click.UsageError, match="takes a file"):
        taken(["doctor", "--env-file"])


def test_a_command_runs_with_the_file_and_leaves_the_environment_as_it_was(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The variables hold while the command runs and not after; a missing file is wrong usage."""
    monkeypatch.setenv("RACEDAY_COUNTRIES", "")
    monkeypatch.delenv("RACEDAY_CODES", raising=False)
    before = dict(os.environ)
    with applied("doctor", file):
        assert (os.environ["RACEDAY_CODES"], "RACEDAY_COUNTRIES" in os.environ) == ("T", False)
        assert current().sources["RACEDAY_CODES"] == "settings"
    assert dict(os.environ) == before
    with pytest.raises(click.UsageError, match="could not be read"), applied("doctor", file.with_name("none")):
        pass


def _of_env(option: click.Option) -> bool:
    """Tell whether an option may name the environment's Appwrite."""
    return "env where" in (option.help or "") or option.default == "env"


def _reads(name: str) -> bool:
    """Tell from a command's options and code whether it acts on a store of the environment's or reads settings."""
    command = Commands().get_command(click.Context(click.Command("raceday")), name)
    assert command is not None
    parts = [command, *getattr(command, "commands", {}).values()]
    options = [option for part in parts for option in part.params if isinstance(option, click.Option)]
    # `cold-start` shares the file of these, and reads none.
    if name in ("package", "deploy") or any(_of_env(option) for option in options):
        return True
    # Where several commands share a file, their options tell.
    alone = [module for module, _ in COMMANDS.values()].count(COMMANDS[name][0]) == 1
    files = [ROOT / "local" / room / f"{COMMANDS[name][0]}.py" for room in ("commands", "work")]
    text = "\n".join(file.read_text("utf-8") for file in files if file.is_file())
    return (
        alone
        and re.search(r"\b(?:read_settings|settings_from_env|current)\(|\bopen_world\((?!.generated)", text) is not None
    )


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_that_reads_the_environment_reads_the_file_beside_the_project(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`.env` beside project.yml is its default and `--env-file` names another; the rest read neither, and say so."""
    monkeypatch.setattr(environment, "ROOT", tmp_path)
    monkeypatch.delenv("NZTAB_FROM", raising=False)
    (tmp_path / ".env").write_text("NZTAB_FROM=file@x.test\n")
    with applied(command, None):
        assert os.environ.get("NZTAB_FROM") == ("file@x.test" if _reads(command) else None)
    words = [command, "--env-file", "x"]
    if _reads(command):
        assert taken(words) == ([command], Path("x"))
    else:
        with pytest.raises(click.UsageError, match=f"{command} reads no environment"):
            taken(words)


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_of_each_command_that_reads_the_environment_names_the_option(name: str) -> None:
    """Of its parts too, where it has any; where a command reads none its help promises none."""
    context = click.Context(click.Command("raceday"))
    command = Commands().get_command(context, name)
    assert command is not None
    parts = [command, *getattr(command, "commands", {}).values()]
    told = {part.get_help(click.Context(part)).count("--env-file FILE") for part in parts}
    assert told == {1 if name in environment.READERS else 0}


@pytest.mark.parametrize(("command", "told"), [("status", True), ("doctor", False), ("deploy", False)])
def test_a_file_that_was_asked_for_and_does_not_count_is_told(
    command: str, told: bool, file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """On the way of errors, so that what is piped on stays whole; two commands tell the source of every variable."""
    monkeypatch.setenv("RACEDAY_CODES", "H")
    with applied(command, file):
        shown = capsys.readouterr()
    assert (shown.out, "of RACEDAY_CODES the environment's value counts" in shown.err) == ("", told)


@pytest.mark.parametrize(("feed", "told"), [("made", ["INTERVAL_T5"]), ("made:up", ["COUNTRIES", "INTERVAL_T5"])])
def test_a_simulation_takes_intervals_from_the_file_and_says_so(
    feed: str, told: list[str], file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What makes the day another one stands in a note, and of what was made by others the filters too."""
    monkeypatch.delenv("RACEDAY_COUNTRIES", raising=False)
    monkeypatch.delenv("RACEDAY_INTERVAL_T5_SECS", raising=False)
    file.write_text("RACEDAY_INTERVAL_T5_SECS=15\nRACEDAY_COUNTRIES=AUS\nAPPWRITE_PROJECT_ID=theirs\n")
    assert main(["simulate", "--feed", feed, "--env-file", str(file)]) == 2
    shown = capsys.readouterr().err
    notes = [line for line in shown.splitlines() if line.startswith("note: settings of the environment or its file")]
    assert [re.findall(r"RACEDAY_(INTERVAL_T5|COUNTRIES)", line) for line in notes] == [told]
    assert "theirs" not in shown
    with applied("simulate", file):
        assert settings_from_env("near_interval_secs", "countries").near_interval_secs == 15
    file.write_text("APPWRITE_PROJECT_ID=theirs\n")
    main(["simulate", "--feed", feed, "--env-file", str(file)])
    assert "note: settings" not in capsys.readouterr().err


@pytest.mark.parametrize("feed", ["generated", "recorded:day", "tape:day.tape", "live"])
def test_races_that_are_made_up_never_go_to_appwrite_unasked(
    feed: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`invoke` and `up` take this machine's file for them though an endpoint is set; the live feed's go there."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("APPWRITE_ENDPOINT", "https://appwrite.test/v1")
    assert stores.of_feed(None, feed) == (stores.ENV if feed == "live" else str(stores.DEFAULT))
    assert stores.of_feed("env", feed) == stores.ENV
    assert stores.of_feed(None, "generated", own=stores.DEMO) == str(stores.DEMO)


def test_a_suite_on_this_machine_starts_nothing_on_the_platform_and_wakes_none_of_its_watchers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the deployed suite's settings in its environment a local run hands its work to itself, and beats nowhere."""
    given = {
        "RACEDAY_API_HOST": "https://f.test", "RACEDAY_NAMESPACE": "fn-x", "RACEDAY_NAMESPACE_KEY": "dof_v1_a:secret",
        "RACEDAY_ALARM_URL": "https://alarm.test", "RACEDAY_HEARTBEAT_URL": "https://watch.test/x",
    }  # fmt: skip
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    world = open_world("generated", str(tmp_path / "s.db"), lambda _: None)
    try:
        container = world.container("master-race-scheduler")
        assert (type(container.invoker), type(container.heartbeat)) == (InProcess, NoHeartbeat)
        assert not set(given) & set(settings_environment(world.settings))
    finally:
        assert world.embedded is not None
        world.embedded.close()


@pytest.mark.parametrize(
    ("status", "expires", "levels"),
    [(200, "", ["ok", "ok"]), (401, "2026-03-01", ["failing", "warning"]), (200, "2026-01-01", ["ok", "failing"]),
     (200, "2027-01-01", ["ok", "ok"])],
)  # fmt: skip
def test_the_doctor_asks_the_platform_and_tells_when_the_key_ends(status: int, expires: str, levels: list[str]) -> None:
    """A refused key is failing with how to make one; its end is a warning from a fortnight before."""
    settings = Settings(
        platform_host="https://f.io", platform_namespace="fn-x", platform_key="dof_v1_a:b", platform_key_expires=expires
    )
    transport = httpx.MockTransport(lambda request: httpx.Response(status, json=[]))
    lines = list(doctor_platform.platform(settings, date(2026, 2, 20), transport))
    assert [line.level for line in lines] == levels
    assert all("serverless key create" in line.advice for line in lines if line.level != "ok")


def test_the_doctor_tells_doctls_version() -> None:
    """The tested one is ok, one without access keys is failing."""
    fake = FakeDoctl(FakeHost())
    assert [line.level for line in doctor_platform.doctl(Doctl({}, fake))] == ["ok"]
    fake.version = "1.98.1-release"
    assert [line.level for line in doctor_platform.doctl(Doctl({}, fake, pause=lambda secs: None))] == ["failing"]
