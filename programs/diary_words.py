"""What can be picked in the diary by a key: how much was done that day, and a few notes. Both languages."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from importlib.resources.abc import Traversable
from typing import Final

import msgspec

from programs.checked_toml import Problem
from programs.content_files import ContentError, decoded, root, text_problems, unsourced
from programs.text import Text

MOST_PHRASES: Final = 7
"""8 reads aloud, 9 and 0 have their own meaning."""


class Pick(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One thing that can be picked. Records keep its id."""

    id: str
    text: Text


class DiaryWords(
    msgspec.Struct,
    frozen=True,
    forbid_unknown_fields=True,
    rename={"activities": "activity", "phrases": "phrase"},
):
    """The whole file."""

    source: str
    activities: tuple[Pick, ...]
    """From little to much."""
    phrases: tuple[Pick, ...]


@cache
def load_diary_words(folder: Traversable | None = None) -> DiaryWords:
    """What ships, or what stands in `folder`. Raises ContentError."""
    found = decoded((folder or root()) / "diary.toml", DiaryWords)
    for problem in _problems(found):
        raise ContentError("diary.toml", *problem)
    return found


def _problems(found: DiaryWords) -> Iterator[Problem]:
    yield from unsourced(found.source, "source")
    yield from text_problems(found)
    for key, picks in (("activity", found.activities), ("phrase", found.phrases)):
        ids = [pick.id for pick in picks]
        if not 1 <= len(ids) <= MOST_PHRASES:
            yield Problem(key, f"{len(ids)} of them", f"1 to {MOST_PHRASES}, a key each")
        if len(set(ids)) != len(ids):
            yield Problem(key, ", ".join(ids), "each id once")
