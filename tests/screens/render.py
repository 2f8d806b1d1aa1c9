"""Pictures of the album's screens to look at, in any language, size and rendering.

`python tests/screens/render.py OUT [SCREEN …]` writes an SVG a screen, with `--png` a PNG too (by
rsvg-convert); `--text` prints them instead. A SCREEN is a name of `looks.txt` or its beginning ("daily").
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from kiosk.locale.compile import compile_all
from kiosk.theme.rendering import Rendering
from kiosk.words import LANGUAGES
from tests.screens.gallery import SIZES
from tests.screens.looks import View, drawings, pages
from tests.screens.svg import svg_of


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("screens", nargs="*", metavar="screen")
    parser.add_argument("--language", choices=LANGUAGES, default="en")
    parser.add_argument("--size", action="append", help="67x20, 80x25 (given: all three)")
    parser.add_argument("--console", action="store_true")
    parser.add_argument("--text", action="store_true", help="print text, write nothing")
    parser.add_argument("--png", action="store_true")
    options = parser.parse_intermixed_args()
    sizes = [tuple(map(int, size.split("x"))) for size in options.size or ()] or list(SIZES)
    rendering = Rendering.CONSOLE if options.console else Rendering.RICH
    with tempfile.TemporaryDirectory() as folder:
        translations = Path(folder)
        compile_all(into=translations)
        of = pages(options.language, translations)
        chosen = {name: page for name, page in of.items() if name.startswith(tuple(options.screens) or ("",))}
        for width, height in sizes:
            view = View(options.language, width, height, options.console)
            for name, drawing in drawings(view, chosen, translations).items():
                if options.text:
                    print(f"── {name} {view} {'CUT ' + repr(drawing.cut) if drawing.cut else ''}")
                    print(drawing.text())
                    continue
                options.out.mkdir(parents=True, exist_ok=True)
                path = options.out / f"{name.replace('/', ' ')}-{view}.svg"
                path.write_text(svg_of(drawing, rendering.theme), encoding="utf-8")
                if options.png:
                    subprocess.run(["rsvg-convert", "-o", path.with_suffix(".png"), path], check=True)


if __name__ == "__main__":
    main()
