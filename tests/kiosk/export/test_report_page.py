"""The one-page report: what stands on it, that nothing overlaps, and that PDF and HTML are the same page."""

from __future__ import annotations

import asyncio
import datetime as dt
import io
import re
from itertools import combinations
from pathlib import Path
from xml.etree import ElementTree

import pytest
from msgspec.structs import replace
from pypdf import PdfReader

from kiosk import words
from kiosk.clock import FixedClock
from kiosk.diary.records import Acknowledgement, Alert, Entry, Lock, Session
from kiosk.diary.store import open_reader, open_store
from kiosk.export.drawing import A4_HEIGHT, A4_WIDTH, Box, Measure, Page, Rule, Words
from kiosk.export.facts import read_facts
from kiosk.export.html_page import html_of
from kiosk.export.page import _gaps, report_page
from kiosk.export.pdf import pdf_of
from kiosk.review.statistics import Share
from programs.library import prescription_example
from programs.text import Reason
from tests.kiosk.export.diaries import NOW, at, diary
from tests.kiosk.rehearsal.folders import ENDS, rehearsed

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(autouse=True)
def _in_each_language(language: str) -> None:
    """All of it."""


@pytest.fixture(scope="module")
def measure() -> Measure:
    return Measure()


def page_of(folder: Path, measure: Measure, first: dt.date | None = None) -> Page:
    return report_page(read_facts(open_reader(folder, FixedClock(ENDS)), first, None), measure)


def crowded(folder: Path) -> Path:
    """Everything too long and too much."""
    long_name = "Dr. Maximiliane von und zu Hohenstein-Schwarzenberg-Sonderburg, Łódź " * 2
    prescribed = prescription_example()
    prescribed = re.sub(r'name = "[^"]*"(?=[\s\S]*phone)', f'name = "{long_name}"', prescribed)
    prescribed = re.sub(r'pseudonym = "[^"]*"', f'pseudonym = "{"W" * 120}"', prescribed)
    alerts = [
        (at(20 - n), Alert(level="red", rule=Reason("red_event", {"symptom": "x" * 200}))) for n in range(14)
    ]
    entries = [
        (at(n), Entry(moment="daily", pain_rest=n % 11, medicine=bool(n % 2), soreness=n % 5, skin=n % 4))
        for n in range(80, 0, -1)
    ]
    reasons = ("enough", "burning", "pad_loose", "faint", "mistake", "sting", None, "device_lost_" * 10)
    sessions = [
        (
            at(70 - n, 10),
            Session(
                programme="nmes_learn",
                montage="M4-par",
                session_kind="nmes",
                planned_seconds=900,
                seconds_done=300,
                state="ended_early",
                stop_reason=reasons[n % len(reasons)],
                peak_mA={"1": 9.0},
            ),
        )
        for n in range(60)
    ]
    facts = sorted([*alerts, *entries, *sessions], key=lambda fact: fact[0])
    diary(folder, *facts, (NOW, Lock(class_="U", cause="rf_fever")), prescribed=prescribed)
    return folder


def test_the_page_says_who_when_and_how_it_went(measure: Measure) -> None:
    folder = rehearsed(26)
    facts = read_facts(open_reader(folder, FixedClock(ENDS)), None, None)
    page = report_page(facts, measure)
    text = "\n".join(page.words)
    assert "REHEARSAL-1" in text
    assert "Dr. Invented" in text
    assert "SIM-REHEARSAL" in text
    assert facts.head in text
    assert facts.comparison.first is not None
    assert words.decimal(facts.comparison.first) in page.summary
    assert f"{facts.rated.done}" in page.summary
    assert f"{facts.rated.of}" in page.summary


def test_its_numbers_are_those_of_the_diary(tmp_path: Path) -> None:
    """Worked out by hand: eight weeks of 6, 6 … then 3, 3 …; two sessions, one ended early."""
    entries = [
        (at(n), Entry(moment="daily", pain_rest=6 if n >= 28 else 3, medicine=n < 2))
        for n in range(55, -1, -1)
    ]
    played = Session(
        programme="nmes_learn",
        montage="M4-par",
        session_kind="nmes",
        planned_seconds=900,
        seconds_done=900,
        state="done",
    )
    short = Session(
        programme="nmes_learn",
        montage="M4-par",
        session_kind="nmes",
        planned_seconds=900,
        seconds_done=240,
        state="ended_early",
        stop_reason="enough",
    )
    empty = Session(programme="nmes_learn", montage="M4-par", session_kind="nmes", planned_seconds=900)
    facts = sorted(
        [*entries, (at(9, 10), played), (at(8, 10), short), (at(7, 10), empty)], key=lambda one: one[0]
    )
    found = read_facts(diary(tmp_path / "d", *facts), None, None)
    assert (found.comparison.first, found.comparison.last, found.comparison.change) == (6, 3, "less")
    assert found.rated == Share(28, 28)
    assert found.mean[-1] == 3
    assert found.mean[-28] == pytest.approx((6 * 6 + 3) / 7)
    assert found.mean[0] is None  # twelve weeks ago nothing was rated
    assert found.minutes == 19
    assert len(found.sessions) == 2  # without current it is no session
    assert found.stop_reasons == {"enough": 1}
    assert found.medicine == (at(1).date(), at(0).date())
    assert found.asked_medicine == 56
    assert not found.flares


def test_pain_after_a_session_and_days_out_of_the_period_do_not_count(tmp_path: Path) -> None:
    reader = diary(
        tmp_path / "d",
        (at(10), Entry(moment="daily", pain_rest=9)),
        (at(3), Entry(moment="before", pain_rest=5)),
        (at(3, 11), Entry(moment="after", pain_rest=1)),
    )
    found = read_facts(reader, at(5).date(), at(1).date())
    assert [(one.day, one.pain) for one in found.pain] == [(at(3).date(), 5)]


def test_a_correction_stands_in_the_place_of_the_old_and_late_is_said(tmp_path: Path) -> None:
    reader = diary(
        tmp_path / "d",
        (at(3), Entry(moment="daily", pain_rest=9)),
        corrections=[(0, Entry(moment="daily", pain_rest=2))],
    )
    found = read_facts(reader, None, None)
    assert [one.pain for one in found.pain] == [2]
    assert found.late == 1
    assert found.pain[0].late


def test_what_stands_is_told_and_what_was_seen_to_says_how(tmp_path: Path, measure: Measure) -> None:
    reader = diary(tmp_path / "d", (at(3), Alert(level="red", rule=Reason("red_skin", {"grade": 3}))))
    open_page = report_page(read_facts(reader, None, None), measure)
    told = reader.all("alerts")[0].envelope.id

    async def acknowledge() -> None:
        with open_store(tmp_path / "d", "real", FixedClock(NOW)) as store:
            await store.add(Acknowledgement(alert=told, note="looked at it", who="family"))

    asyncio.run(acknowledge())
    done_page = report_page(read_facts(open_reader(tmp_path / "d", FixedClock(NOW)), None, None), measure)
    open_line = {"en": "[open]", "de": "[offen]"}[words.language()]
    assert any(open_line in line for line in open_page.words)
    assert not any(open_line in line for line in done_page.words)
    assert any("looked at it" in line for line in done_page.words)


def test_an_invented_history_is_never_taken_for_a_person(tmp_path: Path, measure: Measure) -> None:
    banner = re.compile(r"SIMULATED|SIMULIERT|REHEARSAL:|PROBELAUF")
    assert any(banner.search(line) for line in page_of(rehearsed(26), measure).words)
    for kind in ("simulated", "real"):
        page = report_page(read_facts(diary(tmp_path / kind, kind=kind), None, None), measure)  # type: ignore[arg-type]
        assert any(banner.search(line) for line in page.words) == (kind != "real")


def test_a_diary_without_an_entry_has_a_page_too(tmp_path: Path, measure: Measure) -> None:
    page = report_page(read_facts(diary(tmp_path / "d"), None, None), measure)
    _must_be_tidy(page)


def test_nothing_overlaps_and_nothing_leaves_the_page(tmp_path: Path, measure: Measure) -> None:
    _must_be_tidy(page_of(rehearsed(26), measure))
    _must_be_tidy(page_of(rehearsed(26), measure, first=dt.date(2020, 1, 1)))
    page = report_page(read_facts(open_reader(crowded(tmp_path / "d"), FixedClock(NOW)), None, None), measure)
    _must_be_tidy(page)


def _must_be_tidy(page: Page) -> None:
    boxes = [(shape, *_extent(shape)) for shape in page.shapes if isinstance(shape, Words)]
    for shape, left, top, right, bottom in boxes:
        assert 39.9 <= left <= right <= A4_WIDTH - 39.9, shape
        assert 30 <= top <= bottom <= A4_HEIGHT - 20, shape
    for (one, l1, t1, r1, b1), (other, l2, t2, r2, b2) in combinations(boxes, 2):
        apart = r1 <= l2 + 0.1 or r2 <= l1 + 0.1 or b1 <= t2 + 0.1 or b2 <= t1 + 0.1
        assert apart, f"{one.text!r} lies over {other.text!r}"


def _extent(shape: Words) -> tuple[float, float, float, float]:
    left = shape.x - {"start": 0.0, "middle": shape.width / 2, "end": shape.width}[shape.anchor]
    return left, shape.y - 0.75 * shape.size, left + shape.width, shape.y + 0.2 * shape.size


def test_every_word_has_a_contrast_of_seven(tmp_path: Path, measure: Measure) -> None:
    """In what the browser gets: each text against the last area painted under it."""
    folder = crowded(tmp_path / "d")
    page = report_page(read_facts(open_reader(folder, FixedClock(NOW)), None, None), measure)
    html = html_of(page)
    svg = ElementTree.fromstring(html[html.index("<svg") : html.index("</svg>") + 6])
    areas: list[tuple[Box, str]] = []
    texts = 0
    for element in svg:
        get = element.attrib.get
        if element.tag == f"{SVG}rect" and get("fill", "none") != "none":
            box = Box(*(float(get(name, "0")) for name in ("x", "y", "width", "height")))
            areas.append((box, get("fill", "")))
        elif element.tag == f"{SVG}text":
            texts += 1
            x, y = float(get("x", "")), float(get("y", ""))
            under = [
                fill
                for box, fill in areas
                if box.x <= x <= box.x + box.width and box.y <= y - 2 <= box.y + box.height
            ]
            contrast = _contrast(get("fill", ""), under[-1] if under else "#ffffff")
            assert contrast >= 7, (element.text, contrast)
    assert texts > 50
    assert len({fill for _, fill in areas}) >= 3


def _contrast(one: str, other: str) -> float:
    """WCAG 2.1, relative luminance."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_the_pdf_is_one_a4_page_with_its_fonts_and_the_same_words(measure: Measure) -> None:
    page = page_of(rehearsed(26), measure)
    content = pdf_of(page)
    assert content == pdf_of(page)
    read = PdfReader(io.BytesIO(content))
    assert len(read.pages) == 1
    assert [round(float(side)) for side in read.pages[0].mediabox[2:]] == [595, 842]
    assert read.metadata is not None
    assert read.metadata.title == page.title
    text = re.sub(r"\s", "", read.pages[0].extract_text())
    for line in page.words:
        assert re.sub(r"\s", "", line) in text
    for font in read.pages[0]["/Resources"]["/Font"].values():  # type: ignore[index]
        embedded = "+BitstreamVera" in font.get_object()["/BaseFont"]
        assert (
            embedded or font.get_object()["/BaseFont"] == "/Helvetica"
        )  # reportlab's start, no word is in it
    assert b"/JavaScript" not in content


def test_the_html_is_the_same_page_without_a_script_or_an_address(measure: Measure) -> None:
    page = page_of(rehearsed(26), measure)
    html = html_of(page)
    svg = ElementTree.fromstring(html[html.index("<svg") : html.index("</svg>") + 6])
    assert tuple(element.text for element in svg.iter(f"{SVG}text")) == page.words
    assert f'<html lang="{words.language()}">' in html
    assert "<script" not in html
    assert not re.search(r"""(src|href)\s*=|url\(|@import""", html)


def test_what_a_person_wrote_is_text_and_nothing_else(tmp_path: Path, measure: Measure) -> None:
    evil = "</text></svg><script>alert(1)</script>\x00\x1b[31m & <b>"
    reader = diary(tmp_path / "d", (at(3), Alert(level="red", rule=Reason("red_event", {"symptom": evil}))))
    page = report_page(read_facts(reader, None, None), measure)
    html = html_of(page)
    assert "<script" not in html
    assert html.count("</svg>") == 1
    assert "\x00" not in html
    assert "\x1b" not in html
    assert any("alert(1)" in line for line in page.words)
    pdf_of(page)


def test_many_locks_of_one_cause_are_one_line_and_the_worst_stands_first(tmp_path: Path) -> None:
    words.set_language("en")
    until = NOW.date() + dt.timedelta(days=1)
    locks = [(at(0, hour), Lock(class_="P", cause="d_ill", until=until)) for hour in (8, 9, 10)]
    facts = read_facts(diary(tmp_path / "d", *locks, (at(1), Lock(class_="E", cause="rf_chest"))), None, None)
    said = [line for line in report_page(facts, Measure()).words if line.startswith("Locked now")]
    assert said == [
        "Locked now: an answer that means an emergency",
        "Locked now: not today",
    ]


def test_a_red_alert_stands_above_newer_ones(tmp_path: Path) -> None:
    words.set_language("en")
    red = Alert(level="red", rule=Reason("red_skin", {"grade": 3}), since=at(20).date())
    amber = Alert(level="amber", rule=Reason("sleep_low", {"nights": 3}), since=at(2).date())
    facts = read_facts(diary(tmp_path / "d", (at(20), red), (at(2), amber)), None, None)
    said = [line for line in report_page(facts, Measure()).words if line.endswith("[open]")]
    assert "13 Oct" in said[0]


def test_a_day_before_the_diary_was_begun_is_no_gap(tmp_path: Path) -> None:
    entries = [(at(days), Entry(moment="daily", pain_rest=4)) for days in (9, 8, 5)]
    facts = read_facts(diary(tmp_path / "d", *entries), None, None)
    assert len(_gaps(facts)) == 2 + 5
    assert _gaps(read_facts(diary(tmp_path / "empty"), None, None)) == [facts.last]


def test_of_the_days_before_the_diary_was_begun_none_was_missed(tmp_path: Path) -> None:
    """The first entry begins it, also one in which pain was not said."""
    entries = [(at(6), Entry(moment="daily", sleep=4)), (at(4), Entry(moment="daily", pain_rest=4))]
    facts = read_facts(diary(tmp_path / "d", *entries), None, None)
    assert facts.rated == Share(1, 7)
    assert len(_gaps(facts)) == 6


def test_in_the_weeks_before_a_prescription_nothing_was_planned(tmp_path: Path) -> None:
    facts = replace(
        read_facts(diary(tmp_path / "d"), None, None),
        kept=(Share(0, 0), Share(0, 4), Share(2, 4), Share(3, 3)),
    )
    page = report_page(facts, Measure())
    dashed = [shape for shape in page.shapes if isinstance(shape, Rule) and shape.dashed]
    planned = sorted(
        (rule for rule in dashed if rule.y1 == rule.y2 and rule.x2 - rule.x1 < A4_WIDTH / 2),
        key=lambda rule: rule.x1,
    )
    lengths = [rule.x2 - rule.x1 for rule in planned]
    assert lengths == pytest.approx([2 * lengths[1], lengths[1]])
    assert planned[0].y1 < planned[1].y1, "fewer days are drawn lower"
