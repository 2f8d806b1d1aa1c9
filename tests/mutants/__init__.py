"""Mistakes that must not go unnoticed: `python -m tests.mutants [WORD…]`, part of `make soak`.

Each mutant is one edit of the source. It is made in a copy of the tree, and the tests that are named with
it have to fail there; in the unchanged copy they have to pass. WORDs choose the mutants by name or file.
A module a room; a new one is named here.
"""

from __future__ import annotations

from tests.mutants import (
    box,
    contact,
    content,
    course,
    diary,
    drivers,
    family,
    guard,
    install,
    kiosk,
    patient,
    sync,
    terminal,
)
from tests.mutants.mutant import Mutant

MUTANTS: tuple[Mutant, ...] = (
    *course.MUTANTS,
    *guard.MUTANTS,
    *contact.MUTANTS,
    *drivers.MUTANTS,
    *family.MUTANTS,
    *content.MUTANTS,
    *diary.MUTANTS,
    *kiosk.MUTANTS,
    *patient.MUTANTS,
    *sync.MUTANTS,
    *terminal.MUTANTS,
    *install.MUTANTS,
    *box.MUTANTS,
)
