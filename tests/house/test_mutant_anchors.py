"""Every line that a mutant breaks is where the catalogue says: who moves one learns it before landing."""

from local.functions import ROOT
from local.mutants.anchor import placed, read_catalogue


def test_every_mutant_has_one_place() -> None:
    """Every mutant's text stands once in the library, and what takes its place is something else."""
    for mutant in read_catalogue():
        place = placed(mutant, ROOT)
        assert place.text != place.path.read_text("utf-8"), mutant.name
