"""The HTML report in a real browser: it says nothing, fetches nothing and prints as one A4 page."""

from __future__ import annotations

import io
import re
import unicodedata
from pathlib import Path

import pytest
from pypdf import PdfReader

from kiosk import words
from kiosk.clock import FixedClock
from kiosk.diary.store import open_reader
from kiosk.export.drawing import Measure, Page
from kiosk.export.facts import read_facts
from kiosk.export.html_page import html_of
from kiosk.export.page import report_page
from tests.kiosk.export.browser import visit
from tests.kiosk.rehearsal.folders import ENDS, rehearsed

OUR_OWN = "/favicon.ico"
"""Browsers ask every server for it, whatever the page says."""


@pytest.fixture(scope="module")
def page() -> Page:
    words.set_language("en")
    return report_page(read_facts(open_reader(rehearsed(26), FixedClock(ENDS)), None, None), Measure())


def test_the_page_is_silent_fetches_nothing_and_prints_as_one_a4_page(page: Page, tmp_path: Path) -> None:
    seen = visit(html_of(page), tmp_path)
    assert seen.console == ()
    assert set(seen.requests) <= {OUR_OWN}
    printed = PdfReader(io.BytesIO(seen.printed))
    assert len(printed.pages) == 1
    width, height = (float(side) for side in printed.pages[0].mediabox[2:])
    assert width == pytest.approx(595.28, abs=1.5)
    assert height == pytest.approx(841.89, abs=1.5)
    text = _letters(printed.pages[0].extract_text())
    assert not [line for line in page.words if _letters(line) not in text]


def test_the_visit_would_hear_an_error_and_see_a_picture_fetched(page: Page, tmp_path: Path) -> None:
    """The check itself, on a page that does all that ours must not."""
    bad = html_of(page).replace("<svg ", '<script>nowhere()</script><img src="x.png"><svg ', 1)
    refused = visit(bad, tmp_path / "with-policy")
    assert any("Content Security Policy" in line for line in refused.console)
    assert set(refused.requests) <= {OUR_OWN}
    without_policy = re.sub(r"<meta http-equiv[^>]*>", "", bad)
    seen = visit(without_policy, tmp_path / "without-policy")
    assert any("nowhere" in line for line in seen.console)
    assert "/x.png" in seen.requests


def _letters(text: str) -> str:
    """Without spaces and without ligatures, which a browser may print."""
    return re.sub(r"\s", "", unicodedata.normalize("NFKC", text))
