"""What befalls an attempt: a function of seed, kind, subject, second and attempt, and of nothing else."""

from hypothesis import given
from hypothesis import strategies as st

from local.simulate.chances import Chances
from local.simulate.faults import PROFILES
from local.simulate.faults.fates import ROOMS, Fates

SUBJECTS = st.sampled_from(["r1", "r2", "GET races"])


@given(SUBJECTS, st.integers(0, 100_000), st.integers(0, 5))
def test_an_attempt_has_its_outcome_whether_others_are_made_or_not(about: str, second: int, attempt: int) -> None:
    """Asked first, last, or of another day's object, an attempt's fate and its spans are the same."""
    one, two = Fates("7/faults", PROFILES["all"]), Fates("7/faults", PROFILES["all"])
    for k in range(3):
        two.of("feed", "r1", second, k).uniform(0, 1)
    first, again = one.of("feed", about, second, attempt), two.of("feed", about, second, attempt)
    assert (first.kind, first.uniform(0, 9), first.choice("abcdef")) == (
        again.kind,
        again.uniform(0, 9),
        again.choice("abcdef"),
    )


def test_a_kind_that_is_switched_off_moves_no_other() -> None:
    """Without one kind every attempt that another kind struck is still struck by it."""
    every = Fates(3, PROFILES["all"])
    less = Fates(3, {kind: rate for kind, rate in PROFILES["all"].items() if kind != "feed.5xx"})
    struck = [(s, kind) for s in range(4000) if (kind := every.of("feed", "r1", s, 0).kind)]
    assert len({kind for _, kind in struck}) > 4
    assert all(less.of("feed", "r1", s, 0).kind == kind for s, kind in struck if kind != "feed.5xx")


def test_faults_strike_as_often_as_their_rates_say() -> None:
    """Of twenty thousand requests each kind of the feed that is not rare strikes within a third of its rate."""
    fates, count = Fates(1, PROFILES["feed"]), 20_000
    kinds = [fates.of("feed", "r1", second, 0).kind for second in range(count)]
    for kind in ("feed.timeout", "feed.reset", "feed.5xx", "feed.stale"):
        assert abs(kinds.count(kind) / count / PROFILES["feed"][kind] - 1) < 0.34


def test_every_kind_of_a_profile_is_in_a_room_or_an_outage() -> None:
    """A kind that no room draws would never strike."""
    drawn = {kind for kinds in ROOMS.values() for kind in kinds}
    assert {k for rates in PROFILES.values() for k in rates} - drawn == {
        "outage.feed",
        "outage.store",
        "outage.webhooks",
    }


def test_delays_are_drawn_for_their_instant_and_have_a_tail() -> None:
    """Delays at one instant do not depend on those before it; most are short, and a few five times the span."""
    at = [0.0]
    one, two = Chances(5, lambda: at[0]), Chances(5, lambda: at[0])
    drawn = []
    for second in range(5000):
        at[0] = float(second)
        if second % 2:
            two.span("feed", (0.05, 0.3))
        drawn.append(one.span("feed", (0.05, 0.3)))
    at[0] = 9999.5
    assert one.span("feed", (0.05, 0.3)) == two.span("feed", (0.05, 0.3))
    drawn.sort()
    assert 0.05 < drawn[2500] < 0.12
    assert drawn[4950] > 0.8
    assert max(drawn) <= 0.05 + 5 * 0.25 + 1e-9
