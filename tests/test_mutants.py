"""The list of mutants fits the source: one that no longer does would be skipped where nobody looks."""

from __future__ import annotations

import pytest

from tests.mutants import MUTANTS
from tests.mutants.mutant import ROOT, Mutant


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_what_a_mutant_changes_stands_exactly_once_and_its_tests_are_there(mutant: Mutant) -> None:
    assert (ROOT / mutant.file).read_text(encoding="utf-8").count(mutant.old) == 1
    assert mutant.new != mutant.old
    for test in (word for word in mutant.tests.split() if word.startswith("tests/")):
        assert (ROOT / test.partition("::")[0]).exists(), test


def test_there_are_enough_of_them_and_no_two_have_one_name() -> None:
    names = [mutant.name for mutant in MUTANTS]
    assert len(names) == len(set(names))
    assert sum(mutant.file.startswith("drivers/") for mutant in MUTANTS) >= 12
