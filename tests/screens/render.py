"""Pictures of the gallery to look at.

`python tests/screens/render.py OUT [PAGE …] [--size 80x25] [--console] [--text] [--png]` writes an SVG a page
(and a PNG, where rsvg-convert is installed), or prints the pages as text.
"""

from __future__ import annotations

import argparse
import asyncio
import html
import re
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from kiosk.page import Page
from kiosk.screens.draw import draw
from kiosk.theme.rendering import Rendering
from tests.screens.gallery import PAGES, SIZES
from tests.screens.pictures import pictures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("pages", nargs="*", metavar="page")
    parser.add_argument("--size", action="append", help="67x20, 80x25 (given: all three)")
    parser.add_argument("--console", action="store_true")
    parser.add_argument("--text", action="store_true", help="print text, write nothing")
    parser.add_argument("--png", action="store_true")
    options = parser.parse_args()
    chosen = [PAGES[id_] for id_ in options.pages] or list(PAGES.values())
    sizes = [tuple(map(int, size.split("x"))) for size in options.size or ()] or list(SIZES)
    rendering = Rendering.CONSOLE if options.console else Rendering.RICH
    for width, height in sizes:
        if options.text:
            print_texts(chosen, width, height, options.console)
            continue
        options.out.mkdir(parents=True, exist_ok=True)
        svgs = asyncio.run(pictures(chosen, width, height, rendering))
        for id_, svg in svgs.items():
            path = options.out / f"{id_}-{width}x{height}-{rendering.value}.svg"
            path.write_text(svg, encoding="utf-8")
            if options.png:
                write_png(svg, path.with_suffix(".png"))


def write_png(svg: str, path: Path) -> None:
    """By rsvg-convert, which drops leading spaces: every character is placed by itself."""
    command = ["rsvg-convert", "-o", str(path)]
    subprocess.run(command, input=_TEXT.sub(_each_character, svg).encode(), check=True)


_TEXT = re.compile(r'<text class="([^"]*)" x="([^"]*)" y="([^"]*)" textLength="([^"]*)"[^>]*>([^<]*)</text>')


def _each_character(match: re.Match[str]) -> str:
    kind, x, y, length, escaped = match.groups()
    text = html.unescape(escaped)
    step = float(length) / max(1, len(text))
    return "".join(
        f'<text class="{kind}" x="{float(x) + at * step:.1f}" y="{y}">{html.escape(character)}</text>'
        for at, character in enumerate(text)
        if character not in " \u00a0"
    )


def print_texts(pages: list[Page], width: int, height: int, console: bool) -> None:
    for page in pages:
        drawing = draw(page, width, height, console)
        print(f"── {page.id} {width}×{height} {'CUT ' + repr(drawing.cut) if drawing.cut else ''}")
        print(drawing.text())


if __name__ == "__main__":
    main()
