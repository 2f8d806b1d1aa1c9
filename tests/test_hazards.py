"""docs/hazards.md names controls and tests that really exist, and has a row for every safety rule in code."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
HAZARDS = ROOT / "docs" / "hazards.md"
NAMED = re.compile(r"`([\w/.-]+\.py)(?:::(\w+))?`")
RULES = set(range(1, 30))


def rows() -> list[list[str]]:
    lines = HAZARDS.read_text(encoding="utf-8").splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")]
    return [row for row in cells if row[0][:1].isdigit()]


@cache
def defined_in(path: Path) -> set[str]:
    """Every function, class, method and module constant of a Python file."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Assign):
            names |= {target.id for target in node.targets if isinstance(target, ast.Name)}
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            names.add(node.target.id)
    return names


def test_every_row_is_complete() -> None:
    found = rows()
    assert len(found) >= len(RULES)
    for row in found:
        assert len(row) == 8, row
        assert all(row), f"an empty cell in row {row[0]}"
        assert re.fullmatch(r"S[1-5]", row[3]), row
        assert re.fullmatch(r"P[1-5]", row[4]), row


def test_every_rule_has_a_row() -> None:
    ruled = {int(number) for row in rows() for number in re.findall(r"\d+", row[0])}
    assert ruled >= RULES, f"no row for rule {sorted(RULES - ruled)}"


@pytest.mark.parametrize("column", [5, 6], ids=["controls", "tests"])
def test_every_named_control_and_test_exists(column: int) -> None:
    for row in rows():
        named = NAMED.findall(row[column])
        assert named, f"row {row[0]} names nothing in column {column}"
        for path, name in named:
            file = ROOT / path
            assert file.is_file(), f"row {row[0]}: {path} is missing"
            if name:
                assert name in defined_in(file), f"row {row[0]}: {path} has no {name}"
            if column == 6:
                assert path.startswith("tests/"), f"row {row[0]}: {path} is no test"
