"""The suite's figures in Prometheus' text format."""

from collections.abc import Iterable, Sequence

from local.console.lag import Lag
from local.console.suite import Suite
from local.console.today import DayList

METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"
QUANTILES = (0.5, 0.95, 1.0)
Sample = tuple[dict[str, str], float]


def as_metrics(day: DayList, suite: Suite, lags: Sequence[Lag]) -> str:
    """Return gauges over the stretch that each names, and what the polls of the last hour took as summaries."""
    lines: list[str] = []
    if suite.ticked is not None:
        age = (suite.now - suite.ticked).total_seconds()
        lines += _gauge("raceday_scheduler_age_seconds", "Since the scheduler's last tick", [({}, age)])
    lines += _gauge("raceday_paused", "Switches that are set", [({}, len(suite.paused))])
    lines += _gauge("raceday_races", "Races of the day by status", _by("status", day.by_status.items()))
    lines += _gauge("raceday_races_attention", "Races that need attention", [({}, len(day.attention))])
    lines += _polls(suite)
    lines += _gauge("raceday_gaps_1h", "Slots lost in the last hour by cause", _by("cause", suite.gaps))
    behind, secs = {lag.function: lag.behind for lag in lags}, {lag.function: lag.secs for lag in lags}
    about = "Races polled in the last hour that a projection is behind for"
    lines += _gauge("raceday_projection_behind_races", about, _by("function", behind.items()))
    about = "Since the oldest poll of the last hour that a projection does not show"
    lines += _gauge("raceday_projection_lag_seconds", about, _by("function", secs.items()))
    return "\n".join([*lines, *_activations(suite)]) + "\n"


def _polls(suite: Suite) -> list[str]:
    lines = _gauge("raceday_polls_1h", "Ledger rows of the last hour", [({}, suite.counts["slots"])])
    lines += _gauge("raceday_polls_late_1h", "Polls of the last hour that began late", [({}, suite.counts["late"])])
    for name, about, values in (
        ("lateness", "Seconds from slot to poll", suite.spent.late_ms),
        ("feed", "Seconds that the feed took for a poll", suite.spent.feed_ms),
        ("store_read", "Seconds that reading the store took for a poll", suite.spent.store_ms),
    ):
        lines += _summary(f"raceday_poll_{name}_1h_seconds", f"{about}, in the last hour", values)
    return lines


def _activations(suite: Suite) -> list[str]:
    totals = suite.totals
    counted = {t.function: t.calls for t in totals if t.calls is not None}
    lines: list[str] = []
    for name, about, values in (
        ("activations_24h", "Activations", {t.function: t.runs for t in totals}),
        ("activations_failed_24h", "Failed activations", {t.function: t.failures for t in totals}),
        ("activations_refused_24h", "Calls refused for a fault of the caller", {t.function: t.refused for t in totals}),
        ("activations_cold_24h", "Cold starts", {t.function: t.cold for t in totals}),
        ("activation_seconds_24h", "Seconds of activations", {t.function: t.runs * t.mean_ms / 1000 for t in totals}),
        ("activation_p95_seconds_24h", "95th percentile of seconds", {t.function: t.p95_ms / 1000 for t in totals}),
        ("feed_calls_24h", "Requests to the feed", {f: c.feed_calls for f, c in counted.items()}),
        (
            "feed_seconds_24h",
            "Seconds of requests to the feed",
            {f: c.feed_ms / 1000 for f, c in counted.items()},
        ),
        ("store_calls_24h", "Requests to the store", {f: c.store_calls for f, c in counted.items()}),
        (
            "store_seconds_24h",
            "Seconds of requests to the store",
            {f: c.store_ms / 1000 for f, c in counted.items()},
        ),
    ):
        lines += _gauge(f"raceday_{name}", f"{about} of the last 24 hours", _by("function", values.items()))
    return lines


def _by(label: str, values: Iterable[tuple[str, float]]) -> list[Sample]:
    return [({label: name}, value) for name, value in values]


def _gauge(name: str, about: str, samples: list[Sample]) -> list[str]:
    return [f"# HELP {name} {about}.", f"# TYPE {name} gauge", *(_sample(name, *sample) for sample in samples)]


def _summary(name: str, about: str, values_ms: Sequence[float]) -> list[str]:
    """Return quantiles, sum and count; without values there are no quantiles."""
    ranked = [value / 1000 for value in sorted(values_ms)]
    last = len(ranked) - 1
    quantiles = [({"quantile": f"{q:g}"}, ranked[min(last, int(len(ranked) * q))]) for q in QUANTILES if ranked]
    return [
        f"# HELP {name} {about}.",
        f"# TYPE {name} summary",
        *(_sample(name, *each) for each in quantiles),
        _sample(f"{name}_sum", {}, sum(ranked)),
        _sample(f"{name}_count", {}, len(ranked)),
    ]


def _sample(name: str, labels: dict[str, str], value: float) -> str:
    inside = ",".join(f'{key}="{_escaped(text)}"' for key, text in labels.items())
    return f"{name}{{{inside}}} {value:.10g}" if inside else f"{name} {value:.10g}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
