"""Deploying: planned, refused, verified and put back, against a stand-in for doctl."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from local.functions import ROOT
from ops.packaging.deploy import Deployer, key_problem
from ops.packaging.doctl import Doctl, read_deployment
from ops.packaging.environment import environment_problems, names, read_env_file, unsendable
from ops.packaging.errors import DeployError, PackagingError
from ops.packaging.money import estimate
from ops.packaging.project import parse_project, read_project
from ops.packaging.record import read_record
from ops.packaging.render import NATIVE, render
from ops.packaging.show import show
from tests.deploy.bench import SECRET, Bench, text_of
from tests.deploy.fake.host import Fault
from tests.deploy.tiny import GOOD, clause, project_text


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """A project to deploy."""
    return Bench(tmp_path)


def test_a_deployment_is_verified_and_remembered(bench: Bench) -> None:
    """Functions and trigger are there afterwards, and the next plan finds nothing to change."""
    assert {f.change.kind for f in bench.plan().functions} == {"new"}
    bench.deploy()
    assert set(bench.host.functions) == {"raceday/one", "raceday/two", "raceday/master-race-scheduler"}
    assert set(bench.host.triggers) == {"raceday-minute"}
    assert {f.change.kind for f in bench.plan().functions} == {"unchanged"}


def test_a_plan_tells_what_would_change(bench: Bench) -> None:
    """Code, limits and functions that are gone are told, each by name."""
    bench.deploy()
    (bench.sources.functions / "two" / "__main__.py").write_text(GOOD.replace("said", "told"))
    changed = bench.plan(text_of(memory=512))
    told = {f.spec.name: str(f.change) for f in changed.functions}
    assert told["two"] == "changed: code, limits"
    assert told["one"] == "changed: limits"
    fewer = bench.plan(text_of(names=("two", "master-race-scheduler")))
    assert fewer.gone == ("one",)
    assert any("raceday/one" in text for text in fewer.warnings)


def test_a_function_of_several_triggers_leaves_the_columns_apart(bench: Bench) -> None:
    """The widest list of schedules sets the width, so that what changes is a word of its own in every row."""
    look = "{name: look, type: SCHEDULED, scheduledDetails: {cron: '* * * * *', body: {only: look}}}"
    two = f"annotations: {{schedule: '0 17 * * *'}}\ntriggers:\n  - {look}"
    text = project_text(clause("one"), clause("two", two), clause("master-race-scheduler"))
    head, *rows = show(bench.plan(text, triggers=NATIVE)).splitlines()[:4]
    assert [row[head.index("change") :] for row in rows] == ["new"] * 3
    assert "  0 17 * * *, * * * * *  new" in rows[1]


def test_a_plan_shows_names_and_never_values(bench: Bench) -> None:
    """Set, defaulted and missing variables are named; no secret appears in text or JSON."""
    del bench.env["APPWRITE_PROJECT_ID"]
    plan = bench.plan()
    text = show(plan) + json.dumps(plan.to_json())
    assert "APPWRITE_API_KEY" in text
    assert "MISSING APPWRITE_PROJECT_ID" in text
    assert "left at their defaults: APPWRITE_DATABASE_ID" in text
    assert "APPWRITE_PROJECT_ID is not set: Appwrite project; needed by one" in plan.refusals
    assert SECRET not in text


def test_wrong_settings_are_refused_before_anything_happens(bench: Bench) -> None:
    """A value that a function or the deployer's substitution would choke on is refused, secrets untold."""
    bench.env |= {"APPWRITE_ENDPOINT": "appwrite.example", "APPWRITE_API_KEY": "it's"}
    refusals = bench.plan().refusals
    assert any(text.startswith("APPWRITE_ENDPOINT: expected an http or https URL") for text in refusals)
    assert "APPWRITE_API_KEY: holds a single quote, which does not arrive as sent" in refusals
    assert "it's" not in "".join(refusals)


@pytest.mark.parametrize("value", ["a\tb", "a\nb", "a\rb", "it's", "a\u2028b", "a\x00b"])
def test_values_that_do_not_arrive_as_sent_are_refused(value: str) -> None:
    """Tabs, quotes, line breaks and other control characters are told; letters, spaces and signs pass."""
    assert unsendable(value)
    assert not any(unsendable(good) for good in ("M\u0101ori {x: y} # z", " lead", "yes", "123", '"&"', "\\"))


def test_more_triggers_than_the_platform_has_are_refused(bench: Bench) -> None:
    """Four triggers are refused, native ones too, unless the account is said to have more."""
    lines = "".join(
        f"  - {{name: raceday-{n}, type: SCHEDULED, scheduledDetails: {{cron: '0 {n} * * *'}}}}\n" for n in range(4)
    )
    text = text_of(f"triggers:\n{lines}")
    assert any("4 triggers; the platform documents 3" in refusal for refusal in bench.plan(text).refusals)
    assert bench.plan(text, limit=4).refusals == ()
    assert any("the limit is 2" in refusal for refusal in bench.plan(text, limit=2).refusals)


def test_no_native_trigger_lacks_the_body_that_its_function_needs() -> None:
    """A function that is called with races gets no trigger of its own, since a trigger's body is fixed."""
    project = read_project(ROOT / "project.yml")
    text = render(project, triggers=NATIVE, legacy=True)
    given = {spec.name for spec in parse_project(text).functions if spec.triggers}
    assert "race-data-poller" in given
    assert "batch-race-poller" not in given


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "expired token": ({"token": False}, "run `doctl auth init`"),
    "not connected": ({"key": ""}, "doctl serverless connect NAMESPACE --access-key"),
    "legacy key": ({"key": "uuid:key"}, "doctl serverless key create --name raceday --namespace NAMESPACE"),
    "no plugin": ({"installed": False}, "run `doctl serverless install`"),
    "old plugin": ({"plugin": "5.0.10"}, "run `doctl serverless upgrade`"),
    "other namespace": ({"stored_namespace": "fn-x"}, "--expiration never"),
}


@pytest.mark.parametrize(("state", "told"), REFUSED.values(), ids=REFUSED.keys())
def test_what_doctl_refuses_is_told_with_what_to_do(bench: Bench, state: dict[str, Any], told: str) -> None:
    """Missing tokens and keys and old support each get their own advice, and nothing is deployed."""
    for name, value in state.items():
        setattr(bench.fake, name, value)
    with pytest.raises(DeployError) as caught:
        bench.deploy()
    assert told in str(caught.value)
    assert bench.host.functions == {}


FAULTS = {
    "quota": (Fault("PUT", "raceday/two", 429), "a quota of the platform is exceeded"),
    "trigger limit": (
        Fault("POST", "/triggers$", 422),
        "the account's are used up, of which the platform documents 3: deploy with `--triggers single`",
    ),
    "token without scope": (Fault("POST", "/triggers$", 403), "with the scopes function:read"),
    "key expired": (Fault("PUT", "raceday/", 401), "the access key is wrong, revoked or expired"),
}


@pytest.mark.parametrize(("fault", "told"), FAULTS.values(), ids=FAULTS.keys())
def test_each_refusal_of_the_platform_has_its_own_advice(bench: Bench, fault: Fault, told: str) -> None:
    """What the platform answered is told with what to do, and nothing is left behind."""
    bench.host.faults = [Fault(fault.method, fault.path, fault.answer)]
    with pytest.raises(DeployError) as caught:
        bench.deploy()
    assert told in str(caught.value)
    assert (bench.host.functions, bench.host.triggers) == ({}, {})


def test_an_old_doctl_is_refused(bench: Bench) -> None:
    """A doctl that knows no access keys is told with the version to install."""
    assert bench.doctl.version() == "1.166.0"
    bench.fake.version = "1.98.1-release"
    with pytest.raises(DeployError, match=r"doctl 1\.98\.1 knows no access keys"):
        bench.doctl.version()


def test_a_missing_doctl_is_told_with_how_to_install_it(tmp_path: Path) -> None:
    """Without doctl on the path the steps from nothing are told."""
    with pytest.raises(DeployError, match="doctl is not installed"):
        Doctl({"PATH": str(tmp_path)}).connected()


def test_another_namespace_than_the_settings_say_is_refused(bench: Bench) -> None:
    """doctl connected elsewhere would deploy to the wrong place."""
    _, rendered, staged = bench.stage()
    deployer = Deployer(bench.doctl, bench.home, bench.said.append)
    with pytest.raises(DeployError, match="doctl is connected to fn-test but RACEDAY_NAMESPACE is fn-other"):
        deployer.deploy(staged, rendered, "fn-other")


def test_an_advice_names_the_namespace_that_is_known(bench: Bench) -> None:
    """A key that was revoked before, in between or in the end is made anew by a command that is whole."""
    making = "doctl serverless key create --name raceday --namespace fn-test --expiration never"
    connecting = "doctl serverless connect fn-test --access-key"
    bench.deploy()
    _, rendered, staged = bench.stage(text_of(memory=512))
    deployer = Deployer(bench.doctl, bench.home, bench.said.append)
    for fault in (Fault("GET", "/namespaces/_/actions", 401), Fault("PUT", "raceday/two", 401)):
        bench.host.faults = [fault]
        with pytest.raises(DeployError) as caught:
            deployer.deploy(staged, rendered)
        told = str(caught.value)
        assert (making in told, connecting in told, "NAMESPACE" in told) == (True, True, False)
    bench.host.faults, bench.fake.key = [], ""
    with pytest.raises(DeployError) as caught:
        deployer.deploy(staged, rendered, "fn-test")
    assert (making in str(caught.value), "NAMESPACE" in str(caught.value)) == (True, False)
    assert str(caught.value).count("nothing was asked to change") == 1


def test_some_functions_can_be_deployed_alone(bench: Bench) -> None:
    """With `--only`, the others stay as they are, in the namespace and in the record."""
    bench.deploy()
    bench.deploy(only=["two"])
    assert set(read_record(bench.home.record)["functions"]) == {"one", "two", "master-race-scheduler"}
    assert set(bench.host.triggers) == {"raceday-minute"}
    assert len(bench.host.functions) == 3


def test_a_transcript_with_failures_is_read_whole() -> None:
    """Functions stand in the transcript, failures in one text after it, joined by line breaks."""
    detail = "While deploying action 'raceday/two': malformed:\nmemory exceeds\nWhile deploying package 'raceday': no"
    text = "Deployed functions ('x' for URL):\n  - raceday/one\nFailures:\n" + json.dumps(
        {"errors": [{"detail": detail}]}
    )
    found = read_deployment(text)
    assert found.functions == ("raceday/one",)
    assert found.failures == (
        "While deploying action 'raceday/two': malformed: memory exceeds",
        "While deploying package 'raceday': no",
    )
    twice = '{"errors": [{"detail": "While deploying while deploying trigger \'t\': Request failed"}]}'
    assert read_deployment(twice).failures == ("While deploying trigger 't': Request failed",)


def test_json_reports_of_the_deployer_are_read_too() -> None:
    """The plugin's own JSON outcome and doctl's error list give the same facts as the transcript."""
    report = {"outcome": {"successes": [{"name": "raceday/one", "kind": "action"}], "failures": [{"message": "bad"}]}}
    found = read_deployment(json.dumps(report))
    assert (found.functions, found.failures) == (("raceday/one",), ("bad",))
    assert read_deployment('{"errors": [{"detail": "no"}]}').failures == ("no",)


def test_secrets_in_the_deployers_words_are_blotted_out(bench: Bench) -> None:
    """A value that the platform repeats in an error does not reach the terminal, not even in small letters."""
    bench.host.faults = [Fault("PUT", "raceday/two", 500, said=f"bad value {SECRET}")]
    with pytest.raises(DeployError) as caught:
        bench.deploy()
    assert SECRET.lower() not in str(caught.value).lower()
    assert "[secret]" in str(caught.value)


@pytest.mark.parametrize(
    ("status", "told"), [(200, ""), (401, "expired or revoked"), (403, "does not open fn-x"), (500, "answered 500")]
)
def test_the_schedulers_key_is_tried_before_deploying(status: int, told: str) -> None:
    """A namespace key that the platform refuses would stop every poll, so it is told before."""
    transport = httpx.MockTransport(lambda request: httpx.Response(status, json=[]))
    problem = key_problem("https://faas.example", "fn-x", f"dof_v1_a:{SECRET}", transport)
    assert told in problem
    assert bool(problem) == bool(told)
    assert SECRET not in problem


def test_the_web_secret_and_the_namespace_key_have_a_form() -> None:
    """A short web secret, a key of another form and another package name are refused."""
    variables = ["RACEDAY_API_HOST", "RACEDAY_NAMESPACE", "RACEDAY_NAMESPACE_KEY", "RACEDAY_PACKAGE"]
    lines = "webSecure: '${RACEDAY_WEB_SECRET}'\nenvironment:\n" + "".join(f"  {n}: '${{{n}}}'\n" for n in variables)
    project = parse_project(project_text(clause("one", lines, web="raw")))
    env = {"RACEDAY_WEB_SECRET": "short", "RACEDAY_NAMESPACE_KEY": "plain", "RACEDAY_PACKAGE": "other"}
    env |= {"RACEDAY_API_HOST": "https://faas.example", "RACEDAY_NAMESPACE": "fn-x"}
    problems = "\n".join(environment_problems(project.functions, env))
    for name in ("RACEDAY_WEB_SECRET: expected at least 16", "RACEDAY_NAMESPACE_KEY: expected", "RACEDAY_PACKAGE:"):
        assert name in problems
    assert names(project.function("one"), {}).missing == (*variables[:3], "RACEDAY_WEB_SECRET")


def test_the_cost_is_estimated_from_a_simulated_day() -> None:
    """GiB-seconds are memory times time with 100 ms at least a call, and a month's free allowance is taken off."""
    report = {"functions": {"one": {"activations": 1000, "secs": 10.0}, "two": {"activations": 100, "secs": 10_000.0}}}
    found = estimate(report, {"one": 512, "two": 1024})
    assert found.by_function == {"one": pytest.approx(50.0), "two": pytest.approx(10_000.0)}
    assert found.month_dollars == pytest.approx((10_050 * 30 - 90_000) * 0.0000185)
    assert estimate({"functions": {"one": {"gib_secs": 7.5}}}, {}).day_gib_secs == 7.5
    assert estimate({"functions": {}}, {}).month_dollars == 0
    sized = {"functions": {"one": {"billed_secs": 100.0, "gib_secs": 50.0}}}
    assert [estimate(sized, {"one": mb}).day_gib_secs for mb in (512, 128)] == [50.0, 12.5]
    crowded = {"functions": {"one": {"activations": 1, "secs": 1, "peak_concurrent": 130}}}
    assert "130 activations at once" in estimate(crowded, {}).warnings[0]
    with pytest.raises(PackagingError, match="no mapping `functions`"):
        estimate({}, {})


def test_a_plan_tells_what_else_the_simulated_day_showed() -> None:
    """Lateness and Appwrite's rows and calls of the day stand beside its cost, with the cloud's plans."""
    counts = {
        key: {"total": total} for total, key in enumerate(("rows_read", "rows_written", "calls", "empty_reads"), 7)
    }
    polls = {"late_p99_critical_secs": 0.1, "late_p99_elsewhere_secs": 1.6, "late_max_secs": 2.0}
    told = estimate({"functions": {}, "polls": polls, "appwrite": counts}, {}).beside
    assert "0.1 s from T-5 to Final, 1.6 s elsewhere; at most 2 s" in told[0]
    assert told[1] == "Appwrite, that day: 7 rows read, 8 rows written, 9 calls"
    assert "Pro: 510 of" in told[3]


def test_a_plan_tells_each_functions_part_of_appwrite() -> None:
    """Rows read, rows written and calls stand by function under their totals, who writes most first."""
    counts = {
        "rows_read": {"total": 9, "reader": 9},
        "rows_written": {"total": 1_008, "writer": 1_008},
        "calls": {"total": 12, "reader": 9, "writer": 3},
        "empty_reads": {"total": 0},
    }
    told = estimate({"functions": {}, "appwrite": counts}, {}).beside
    assert [line.split() for line in told[1:3]] == [
        ["writer", "0", "read", "1,008", "written", "3", "calls"],
        ["reader", "9", "read", "0", "written", "9", "calls"],
    ]


def test_env_files_are_read_line_by_line(tmp_path: Path) -> None:
    """Comments, quotes and `export` are understood; a line of another form is told by its number."""
    file = tmp_path / "env"
    file.write_text("# note\nA=1\nexport B='two words'\n\nC=\n")
    assert read_env_file(file) == {"A": "1", "B": "two words", "C": ""}
    file.write_text("A=1\nnonsense\n")
    with pytest.raises(PackagingError, match="line 2"):
        read_env_file(file)


VALUES = {
    '"0123456789abcdef"   # rotate in May': "0123456789abcdef",
    "'k # no comment' # one": "k # no comment",
    "k # rotate in May": "k",
    "k#not-a-comment": "k#not-a-comment",
    " # nothing but a comment": "",
    "#colour": "#colour",
    r'"a \"quoted\" word"': 'a "quoted" word',
    r"'it\'s C:\\new'": r"it's C:\new",
    "  spaced  ": "spaced",
    "a=b==": "a=b==",
}


@pytest.mark.parametrize(("written", "meant"), VALUES.items())
def test_a_comment_is_no_part_of_a_value(written: str, meant: str, tmp_path: Path) -> None:
    """Quotes and comments are read as python-dotenv reads them."""
    file = tmp_path / "env"
    file.write_text(f"A={written}\r\nB=2\n")
    assert read_env_file(file) == {"A": meant, "B": "2"}


@pytest.mark.parametrize("written", ["'open", '"open # x', "'a' b", '"a'])
def test_a_quote_that_is_not_closed_is_told_by_its_line(written: str, tmp_path: Path) -> None:
    """What nobody could have meant is refused and not guessed at."""
    file = tmp_path / "env"
    file.write_text(f"B=1\nA={written}\n")
    with pytest.raises(PackagingError, match="line 2: expected a closing quote"):
        read_env_file(file)


def test_files_of_other_encodings(tmp_path: Path) -> None:
    """A mark of byte order is no part of the first name; what is no UTF-8 is told by its line."""
    file = tmp_path / "env"
    file.write_bytes("\ufeffA=1\n".encode())
    assert read_env_file(file) == {"A": "1"}
    file.write_bytes(b"A=1\nB=caf\xe9\n")
    with pytest.raises(PackagingError, match="line 2: not UTF-8"):
        read_env_file(file)
