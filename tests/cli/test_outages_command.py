"""`./raceday outages`: what its table looks like where nobody gives it a width."""

import pytest

from local.work.outages import COLUMNS
from tests.cli.kit import raceday

OUTAGE = "killed-and-frozen-every-twenty-minutes"


def test_a_piped_table_cuts_no_word(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Piped, a row stands on one line with its words whole, though it is wider than 80 columns."""
    row = dict.fromkeys(COLUMNS, 1_000_000) | {"outage": OUTAGE, "depth": "wire", "clients": "present", "troubles": {}}
    monkeypatch.setattr("local.simulate.outages.trials", lambda *_, **__: [])
    monkeypatch.setattr("local.simulate.outages.outage_rows", lambda *_: [row])
    assert raceday("outages", "--races", "1") == 0
    (line,) = [line for line in capsys.readouterr().out.splitlines() if OUTAGE in line]
    assert line.count("1,000,000") == len(COLUMNS) - 3
