"""`make screens`: every kind of screen of the album as SVG in `docs/screens`, and a page that shows them.

Screens that differ by their sentences alone (one fault and another, one question and the next) are shown
once.
"""

from __future__ import annotations

import re
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from kiosk.locale.compile import compile_all
from kiosk.page import Page, Words
from kiosk.theme.rendering import Rendering
from kiosk.visit import flow
from tests.screens.looks import View, drawings, pages
from tests.screens.svg import svg_of

OUT = Path(__file__).resolve().parents[2] / "docs" / "screens"
MAIN = View("en", 80, 25)
IN_README = ("home ready", "placement", "session strong 0 nmes", "session phase 3 at 4500 nmes")
OTHERS = {
    View("de", 67, 20): (
        "home ready",
        "group",
        "placement",
        "session strong 0 nmes",
        "session phase 3 at 4500 nmes",
    ),
    View("de", 80, 25, console=True): (
        "home ready",
        "placement",
        "session phase 3 at 4500 nmes",
        "verdict E",
    ),
}
"""A few more in German: on the smallest screen, and on the Linux console."""


def main() -> None:
    OUT.mkdir(parents=True, exist_ok=True)
    for old in OUT.glob("*.svg"):
        old.unlink()
    with tempfile.TemporaryDirectory() as folder:
        translations = Path(folder)
        compile_all(into=translations)
        shown = kinds(pages(MAIN.language))
        files = write(MAIN, shown, translations)
        others = []
        for view, names in OTHERS.items():
            of = pages(view.language, translations)
            others += write(view, {name: of[name] for name in names if name in of}, translations)
    (OUT / "README.md").write_text(index(shown, files, others), encoding="utf-8")


def kinds(of: dict[str, Page]) -> dict[str, Page]:
    """The first of those that have step, keys and shape alike."""
    found: dict[object, str] = {}
    for name, page in of.items():
        shape: tuple[object, ...] = (type(page.body).__name__,)
        if isinstance(page.body, Words):
            shape = ("Words", page.body.tone, bool(page.body.items), page.stop_row)
        keys = tuple(choice.key for choice in page.choices)
        found.setdefault((page.id, keys, shape, page.header.current_on), name)
    return {name: page for name, page in of.items() if name in IN_README or name in set(found.values())}


def write(view: View, of: dict[str, Page], translations: Path) -> list[tuple[str, str]]:
    """(name, file) of each."""
    rendering = Rendering.CONSOLE if view.console else Rendering.RICH
    files = []
    for name, drawing in drawings(view, of, translations).items():
        file = f"{re.sub('[^a-z0-9]+', '-', name.lower()).strip('-')}-{view}.svg"
        (OUT / file).write_text(svg_of(drawing, rendering.theme), encoding="utf-8")
        files.append((name, file))
    return files


def index(shown: dict[str, Page], files: list[tuple[str, str]], others: list[tuple[str, str]]) -> str:
    """Markdown, in the order of the flow."""
    order = list(flow.STEPS)
    lines = [
        "# Screens",
        "",
        "Written by `make screens` from the album of the tests, with fixed data and the simulator. Screens",
        "that differ by their sentences alone are shown once. English, 80×25, true colour; at the end a few",
        "in German.",
    ]
    for step in order:
        of_step = [(name, file) for name, file in files if shown[name].id == step]
        if of_step:
            lines += ["", f"## {step}"]
        for name, file in of_step:
            lines += ["", f"![{name}]({file})"]
    lines += ["", "## In German: 67×20, and the Linux console"]
    for name, file in others:
        lines += ["", f"![{name}]({file})"]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
