"""Rating forms: what is asked every few weeks to see whether it helps. Clinical reference 5.

Two ship, in words of this project. Forms whose owners allow no copy here (RMDQ, STarT Back, ODI) do not:
a clinic that may use one puts it into a folder of its own (docs/forms.md), and `load_forms` reads it there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib.resources.abc import Traversable
from pathlib import Path
from types import MappingProxyType
from typing import Literal

import msgspec

from programs.checked_toml import Problem
from programs.content_files import ContentError, decoded, root, unsourced
from programs.text import placeholders

Language = Literal["en", "de"]
Change = Literal["better", "worse", "no_clear_change"]
HIGHEST_VALUE = 100


class FormText(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A text of a form in the languages that the form has; one language is enough."""

    en: str = ""
    de: str = ""

    def in_language(self, language: str) -> str:
        """The text in `language`; in the form's other language where it lacks this one."""
        return (self.de if language == "de" else self.en) or self.en or self.de


class Licence(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whose words these are, and why they may stand here."""

    words: Literal["own", "published"]
    """own: this project's wording of the same questions. published: the form as its owner gives it."""
    holder: str
    terms: str


class Choice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One answer to pick, and what it counts."""

    value: int
    text: FormText


class Item(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One question of a form.

    scale: a number from 0 to `highest`, its ends in words. choice: one of `choices`. tick: true counts 1.
    """

    key: str
    kind: Literal["scale", "choice", "tick"]
    text: FormText
    lowest_text: FormText | None = None
    highest_text: FormText | None = None
    highest: int = 10
    choices: tuple[Choice, ...] = ()

    @property
    def values(self) -> tuple[int, ...]:
        """Every answer that there is."""
        if self.kind == "choice":
            return tuple(choice.value for choice in self.choices)
        return tuple(range(self.highest + 1)) if self.kind == "scale" else (0, 1)


class Thresholds(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """From where on a difference means something; both numbers must be reached where both stand."""

    source: str
    points: float | None = None
    percent: float | None = None
    anchor_better: tuple[int, ...] = ()
    """Answers of a rating that say "it is better" (PGIC: much, very much improved)."""
    anchor_worse: tuple[int, ...] = ()


class Band(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A named range of scores that ends at `up_to`, included."""

    up_to: float
    name: FormText


class Form(
    msgspec.Struct,
    frozen=True,
    forbid_unknown_fields=True,
    rename={"items": "item", "bands": "band"},
):
    """One form. A lower score is better, but for "rating", where each answer stands for itself."""

    id: str
    name: FormText
    licence: Licence
    languages: tuple[Language, ...]
    source: str
    intro: FormText
    """Said once, before the first item: the time that is meant."""
    scoring: Literal["mean", "sum", "percent", "rating"]
    """percent: the sum in percent of the highest sum that the answered items allow."""
    items: tuple[Item, ...]
    thresholds: Thresholds
    every_days: int | None = None
    at_weeks: tuple[int, ...] = ()
    """In these weeks of a course; one of the two says when."""
    may_be_left_out: int = 0
    """So many items may stay unanswered."""
    bands: tuple[Band, ...] = ()

    def score(self, answers: Mapping[str, int]) -> float | None:
        """The score of these answers (item key → value); None while too many are missing.

        Raises ValueError for an answer to no item, or one that the item does not have.
        """
        items = {item.key: item for item in self.items}
        for key, value in answers.items():
            if key not in items or value not in items[key].values:
                raise ValueError(f"{self.id}: {value!r} is no answer to {key!r}")
        if len(items) - len(answers) > self.may_be_left_out or not answers:
            return None
        total = sum(answers.values())
        if self.scoring == "mean":
            return total / len(answers)
        if self.scoring == "percent":
            return 100 * total / sum(max(items[key].values) for key in answers)
        return float(total)

    def band(self, score: float) -> Band | None:
        """The first band that reaches up to this score."""
        return next((band for band in self.bands if score <= band.up_to), None)

    def change(self, baseline: float, now: float) -> Change:
        """What the difference of two scores means by the form's thresholds.

        A rating compares with nothing: its answer says it, where it is one of an anchor. The percentage is
        of the baseline; from a baseline of 0 only points count.
        """
        if self.scoring == "rating":
            if now in self.thresholds.anchor_better:
                return "better"
            return "worse" if now in self.thresholds.anchor_worse else "no_clear_change"
        if baseline == now or not self._reached(baseline, abs(baseline - now)):
            return "no_clear_change"
        return "better" if now < baseline else "worse"

    def _reached(self, baseline: float, difference: float) -> bool:
        points, percent = self.thresholds.points, self.thresholds.percent
        if points is not None and difference < points - 1e-9:
            return False
        return percent is None or baseline == 0 or 100 * difference / baseline >= percent - 1e-9


def load_forms(plug_ins: Path | None = None) -> Mapping[str, Form]:
    """The forms that ship, and those in a clinic's own folder. Raises ContentError."""
    forms = dict(forms_in(root() / "forms"))
    if plug_ins is not None:
        if not plug_ins.is_dir():
            raise ContentError(str(plug_ins), "", "no such folder", "a folder with one folder for each form")
        for id_, form in forms_in(plug_ins).items():
            if id_ in forms:
                raise ContentError(f"{id_}/form.toml", "id", f"{id_!r}, which ships", "an id of its own")
            forms[id_] = form
    return MappingProxyType(forms)


def forms_in(folder: Traversable) -> Mapping[str, Form]:
    """The forms in `folder`, each a folder with a form.toml, checked. Raises ContentError."""
    forms: dict[str, Form] = {}
    for place in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if not place.is_dir() or place.name.startswith((".", "__")):
            continue
        name = f"{place.name}/form.toml"
        try:
            form = decoded(place / "form.toml", Form)
        except ContentError as error:
            raise ContentError(name, error.key, error.found, error.expected) from None
        if form.id != place.name:
            raise ContentError(name, "id", repr(form.id), f"the folder's own name, {place.name!r}")
        for problem in problems(form):
            raise ContentError(name, *problem)
        forms[form.id] = form
    return MappingProxyType(forms)


def problems(form: Form) -> Iterator[Problem]:
    """What cannot be asked or scored; nothing when it is well."""
    yield from unsourced(form.source, "source")
    yield from unsourced(form.thresholds.source, "thresholds.source")
    for key, value in (("holder", form.licence.holder), ("terms", form.licence.terms)):
        if not value.strip():
            yield Problem(f"licence.{key}", "nothing", "whose words these are, and why they may be used")
    if not form.languages or len(set(form.languages)) != len(form.languages):
        yield Problem("languages", repr(list(form.languages)), '"en", "de" or both')
    for at, text in _texts(form):
        yield from _language_problems(text, at, form.languages)
    once = (form.every_days is None) != (not form.at_weeks)
    if not once or (form.every_days is not None and form.every_days < 1):
        found = f"{form.every_days} and {list(form.at_weeks)}"
        yield Problem("every_days", found, "every_days, 1 or more, or at_weeks")
    if list(form.at_weeks) != sorted(set(form.at_weeks)):
        yield Problem("at_weeks", repr(list(form.at_weeks)), "weeks in their order, each once")
    yield from _item_problems(form)
    yield from _threshold_problems(form)


def _texts(form: Form) -> Iterator[tuple[str, FormText]]:
    yield "name", form.name
    yield "intro", form.intro
    for index, item in enumerate(form.items):
        yield f"item[{index}].text", item.text
        for key, text in (("lowest_text", item.lowest_text), ("highest_text", item.highest_text)):
            if text is not None:
                yield f"item[{index}].{key}", text
        for number, choice in enumerate(item.choices):
            yield f"item[{index}].choices[{number}].text", choice.text
    for index, band in enumerate(form.bands):
        yield f"band[{index}].name", band.name


def _language_problems(text: FormText, at: str, languages: tuple[Language, ...]) -> Iterator[Problem]:
    for language in ("en", "de"):
        words = getattr(text, language)
        if bool(words.strip()) != (language in languages):
            found = repr(words) if words else "nothing"
            yield Problem(f"{at}.{language}", found, "words in each of `languages` and in no other")
        if placeholders(words):
            yield Problem(f"{at}.{language}", repr(words), "a text without braces")


def _item_problems(form: Form) -> Iterator[Problem]:
    if not form.items:
        yield Problem("item", "none", "at least one")
    keys = [item.key for item in form.items]
    for index, item in enumerate(form.items):
        at = f"item[{index}]"
        if not item.key.strip() or item.key in keys[:index]:
            yield Problem(f"{at}.key", repr(item.key), "a key of its own")
        values = [choice.value for choice in item.choices]
        if (item.kind == "choice") != (len(values) >= 2) or len(set(values)) != len(values):
            yield Problem(f"{at}.choices", repr(values), "two or more values, each once, for a choice only")
        if any(not 0 <= value <= HIGHEST_VALUE for value in values):
            yield Problem(f"{at}.choices", repr(values), f"values from 0 to {HIGHEST_VALUE}")
        if not 1 <= item.highest <= HIGHEST_VALUE:
            yield Problem(f"{at}.highest", str(item.highest), f"1 to {HIGHEST_VALUE}")
        ends = (item.lowest_text, item.highest_text)
        if (item.kind == "scale") != (None not in ends) or (item.kind != "scale" and ends != (None, None)):
            yield Problem(f"{at}.lowest_text", item.kind, "words for both ends of a scale, and only there")
    if not 0 <= form.may_be_left_out < max(1, len(form.items)):
        yield Problem("may_be_left_out", str(form.may_be_left_out), "fewer than there are items")
    if form.scoring == "sum" and form.may_be_left_out:
        yield Problem("may_be_left_out", str(form.may_be_left_out), "0 for a sum")
    if form.scoring == "rating" and len(form.items) != 1:
        yield Problem("scoring", f"a rating of {len(form.items)} items", "one item")


def _threshold_problems(form: Form) -> Iterator[Problem]:
    thresholds = form.thresholds
    for key in ("points", "percent"):
        value = getattr(thresholds, key)
        if value is not None and not value > 0:
            yield Problem(f"thresholds.{key}", f"{value:g}", "more than 0")
    is_rating = form.scoring == "rating"
    better, worse = set(thresholds.anchor_better), set(thresholds.anchor_worse)
    is_number = thresholds.points is not None or thresholds.percent is not None
    if is_number == is_rating or bool(better) != is_rating or bool(worse) != is_rating:
        expected = "both anchors for a rating, points or percent for a score"
        yield Problem("thresholds", "something else", expected)
    if better & worse or (is_rating and form.items and not better | worse <= set(form.items[0].values)):
        found = f"{sorted(better)} and {sorted(worse)}"
        yield Problem("thresholds.anchor_better", found, "values of the item, each in one anchor")
    ends = [band.up_to for band in form.bands]
    if ends != sorted(set(ends)):
        yield Problem("band", repr(ends), "bands in their order")
