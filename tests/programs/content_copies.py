"""Copies of the shipped content with one mistake in one file, and the sentence that has to follow."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

import programs
from programs.content_files import ContentError

SHIPPED = Path(programs.__file__).parent / "content"


def broken_copy(tmp_path: Path, file: str, old: str, new: str) -> Path:
    """The shipped content with the first `old` in one file replaced."""
    shutil.copytree(SHIPPED, tmp_path / "content")
    path = tmp_path / "content" / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return tmp_path / "content"


def assert_named(root: Path, file: str, load: Callable[[Path], object], parts: list[str]) -> None:
    """Loading `root` fails with one sentence that names the file and says all of `parts`."""
    with pytest.raises(ContentError) as caught:
        load(root)
    sentence = caught.value.sentence
    assert sentence.startswith(Path(file).name), sentence
    for part in [*parts, "found", "expected"]:
        assert part in sentence, sentence
    assert sentence.endswith(".")
