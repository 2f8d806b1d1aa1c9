"""What a mutant is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
"""Of the tree that mutants are made of."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """`old` stands exactly once in `file`; with `new` in its place some of `tests` have to fail."""

    name: str
    file: str
    old: str
    new: str
    tests: str
