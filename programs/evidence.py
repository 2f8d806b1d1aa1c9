"""What is known of the benefit, and what the device is and is not, in words that are true.

Source: clinical reference 3.2, safety rules "Words that are true". Nothing here claims a cure or anybody's
recommendation; tests/programs/test_true_words.py holds every text of the project to that.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib.resources.abc import Traversable
from types import MappingProxyType
from typing import Literal

import msgspec

from programs.checked_toml import Problem
from programs.content_files import ContentError, decoded, line_problems, root, text_problems, unsourced
from programs.text import Line, Text


class Page(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One screen of at most five lines."""

    title: Text
    lines: tuple[Line, ...]


class Finding(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one guideline, review or trial says: the row behind the pages, for a clinician."""

    name: str
    """As it is cited: "NICE NG59, 2016, updated 2020"."""
    about: Literal["guideline", "review", "trial"]
    for_current: Literal["against", "no_gain", "unclear", "some_gain"]
    """What it means for current on a painful back: advised against, nothing gained, not known, something."""
    says: Text
    source: str


class Evidence(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"pages": "page"}):
    """The pages for the patient and the rows behind them."""

    source: str
    summary: Line
    """The one sentence that stands wherever benefit is spoken of."""
    pages: tuple[Page, ...]
    finding: tuple[Finding, ...]


class MaximumOutput(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The most that can leave a channel here, as the standard for such devices asks it to be said (IEC-f)."""

    nmes_current_mA: float
    tens_current_mA: float
    load_ohm: float
    voltage_V: float
    """At the higher of both currents into this load."""
    charge_uC: float
    """Of one pulse phase."""
    source: str


class Label(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"pages": "page"}):
    """What stands on the label."""

    source: str
    maximum_output: MaximumOutput
    pages: tuple[Page, ...]


class Source(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a source code stands for."""

    code: str
    what: str


class _SourcesFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    source: tuple[Source, ...]


@cache
def load_evidence() -> Evidence:
    """What is known of the benefit. Raises ContentError."""
    return evidence_in(root())


@cache
def load_label() -> Label:
    """What the device is and is not. Raises ContentError."""
    return label_in(root())


@cache
def load_sources() -> Mapping[str, str]:
    """Source code → what it stands for. Raises ContentError."""
    return sources_in(root())


def evidence_in(folder: Traversable) -> Evidence:
    """The evidence.toml of `folder`, checked. Raises ContentError."""
    evidence = decoded(folder / "evidence.toml", Evidence)
    for problem in _evidence_problems(evidence):
        raise ContentError("evidence.toml", *problem)
    return evidence


def label_in(folder: Traversable) -> Label:
    """The label.toml of `folder`, checked. Raises ContentError."""
    label = decoded(folder / "label.toml", Label)
    for problem in _label_problems(label):
        raise ContentError("label.toml", *problem)
    return label


def sources_in(folder: Traversable) -> Mapping[str, str]:
    """The sources.toml of `folder`, checked. Raises ContentError."""
    sources: dict[str, str] = {}
    for index, source in enumerate(decoded(folder / "sources.toml", _SourcesFile).source):
        if source.code in sources:
            at, found = f"source[{index}].code", f"{source.code!r} a second time"
            raise ContentError("sources.toml", at, found, "each code once")
        if not source.what.strip():
            raise ContentError("sources.toml", f"source[{index}].what", "nothing", "what the code stands for")
        sources[source.code] = source.what
    return MappingProxyType(sources)


def _evidence_problems(evidence: Evidence) -> Iterator[Problem]:
    yield from unsourced(evidence.source, "source")
    yield from line_problems([evidence.summary], "summary")
    yield from text_problems(evidence)
    yield from _page_problems(evidence.pages)
    for index, finding in enumerate(evidence.finding):
        yield from unsourced(finding.source, f"finding[{index}].source")


def _label_problems(label: Label) -> Iterator[Problem]:
    yield from unsourced(label.source, "source")
    yield from unsourced(label.maximum_output.source, "maximum_output.source")
    yield from text_problems(label)
    yield from _page_problems(label.pages)
    output = label.maximum_output
    current_mA = max(output.nmes_current_mA, output.tens_current_mA)
    if output.voltage_V != (voltage_V := current_mA * output.load_ohm / 1000):
        expected = f"{voltage_V:g}, current times load"
        yield Problem("maximum_output.voltage_V", f"{output.voltage_V:g}", expected)


def _page_problems(pages: Sequence[Page]) -> Iterator[Problem]:
    for index, page in enumerate(pages):
        yield from line_problems(page.lines, f"page[{index}].lines")
