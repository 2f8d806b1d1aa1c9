"""Every item of the content says where it is from, in codes that are explained."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from programs import evidence
from tests.programs.content_copies import SHIPPED, assert_named, broken_copy

NOT_ITEMS = ("prescription-example.toml", "sources.toml")
FILES = [path for path in sorted(SHIPPED.rglob("*.toml")) if path.name not in NOT_ITEMS]
SOURCES = evidence.load_sources()
CODE = re.compile(r"\b(?:[A-Z][A-Z0-9]{1,4}\d{0,2}b?|Khadilkar|Wolfe|Wu)\b|\[[A-Z]\]")
NO_CODE = {"TENS", "NMES", "EMS", "MS", "PEG", "PGIC", "L4", "L5"}
HEAVY = {"question", "term", "finding", "lines", "do", "say", "wear", "maximum_output", "summary"}
"""Tables that are items of their own: the file's source is not enough."""


def tables(node: Any, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every table in a file, with its path."""
    if isinstance(node, dict):
        yield path, node
        for key, value in node.items():
            yield from tables(value, f"{path}.{key}" if path else key)
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from tables(value, f"{path}[{index}]")


@pytest.mark.parametrize("file", FILES, ids=lambda path: str(path.relative_to(SHIPPED)))
def test_every_item_has_a_source_and_every_code_is_explained(file: Path) -> None:
    content = tomllib.loads(file.read_text(encoding="utf-8"))
    is_collection = any(isinstance(content.get(key), list) for key in ("question", "term"))
    assert is_collection or content["source"].strip(), "the file itself"
    for path, table in tables(content):
        name = re.sub(r"\[\d+\]$", "", path).rpartition(".")[2]
        if name in HEAVY:
            assert table.get("source", "").strip(), path
        if "source" in table and isinstance(table["source"], str):
            codes = set(CODE.findall(table["source"])) - NO_CODE
            assert codes <= set(SOURCES), (path, codes - set(SOURCES))
            assert codes or "clinical" in table["source"] or "safety rules" in table["source"], path


def test_no_code_is_explained_that_nothing_uses() -> None:
    used = {code for file in FILES for code in CODE.findall(file.read_text(encoding="utf-8"))}
    assert set(SOURCES) - used == {"clinical"}


@pytest.mark.parametrize(
    ("old", "new", "parts"),
    [
        ('code = "RS2"', 'code = "HAS"', ["source[4].code", "'HAS' a second time"]),
        ('what = "HASOMED RehaStim2', 'what = ""#', ["source[4].what", "nothing"]),
        ('code = "RS2"', 'name = "RS2"', ["source[4].name", "only keys"]),
    ],
)
def test_a_broken_list_is_named_with_its_key(tmp_path: Path, old: str, new: str, parts: list[str]) -> None:
    root = broken_copy(tmp_path, "sources.toml", old, new)
    assert_named(root, "sources.toml", evidence.sources_in, parts)
