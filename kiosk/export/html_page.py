"""A page as one HTML file: inline SVG, no script, nothing that is fetched. Prints as one A4 page."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import Final

from kiosk.export.drawing import A4_HEIGHT, A4_WIDTH, WHITE, Box, Curve, Dot, Page, Rule, Shape, Words

_FONTS: Final = "'Bitstream Vera Sans','DejaVu Sans',Verdana,sans-serif"
_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'"
"""Whatever stood in a note: this page loads and runs nothing."""
_STYLE: Final = (
    "@page{size:A4;margin:0}html,body{margin:0;background:#fff}"
    "svg{display:block;width:210mm;height:296.9mm;max-width:100%;margin:0 auto}"
    f"text{{font-family:{_FONTS};white-space:pre}}"
    "@media screen{svg{height:auto}}"
    "@media print{svg{max-width:none}}"
)


def html_of(page: Page) -> str:
    """The whole file."""
    return (
        f'<!DOCTYPE html>\n<html lang="{escape(page.language)}">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width">\n'
        f"<title>{escape(page.title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n"
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_n(A4_WIDTH)} {_n(A4_HEIGHT)}">\n'
        f"<title>{escape(page.title)}</title>\n<desc>{escape(page.summary)}</desc>\n"
        + "\n".join(_elements(page.shapes))
        + "\n</svg>\n</body>\n</html>\n"
    )


def _elements(shapes: Iterable[Shape]) -> Iterable[str]:
    for shape in shapes:
        match shape:
            case Words():
                weight = ' font-weight="bold"' if shape.bold else ""
                # The reader's font may be another one: the line keeps the width of the layout.
                yield (
                    f'<text x="{_n(shape.x)}" y="{_n(shape.y)}" font-size="{_n(shape.size)}"{weight} '
                    f'fill="{shape.ink}" text-anchor="{shape.anchor}" textLength="{_n(shape.width)}" '
                    f'lengthAdjust="spacingAndGlyphs">{escape(shape.text)}</text>'
                )
            case Rule():
                dashes = ' stroke-dasharray="2 2"' if shape.dashed else ""
                yield (
                    f'<line x1="{_n(shape.x1)}" y1="{_n(shape.y1)}" x2="{_n(shape.x2)}" y2="{_n(shape.y2)}" '
                    f'stroke="{shape.ink}" stroke-width="{_n(shape.width)}"{dashes}/>'
                )
            case Box():
                edge = f' stroke="{shape.ink}" stroke-width="0.8"' if shape.ink else ""
                yield (
                    f'<rect x="{_n(shape.x)}" y="{_n(shape.y)}" width="{_n(shape.width)}" '
                    f'height="{_n(shape.height)}" fill="{shape.fill or "none"}"{edge}/>'
                )
            case Dot():
                fill = shape.ink if shape.filled else WHITE
                yield (
                    f'<circle cx="{_n(shape.x)}" cy="{_n(shape.y)}" r="{_n(shape.radius)}" '
                    f'fill="{fill}" stroke="{shape.ink}" stroke-width="0.8"/>'
                )
            case Curve():
                points = " ".join(f"{_n(x)},{_n(y)}" for x, y in shape.points)
                kind, fill, ink = (
                    ("polygon", shape.ink, "none") if shape.closed else ("polyline", "none", shape.ink)
                )
                yield (
                    f'<{kind} points="{points}" fill="{fill}" stroke="{ink}" '
                    f'stroke-width="{_n(shape.width)}" stroke-linejoin="round"/>'
                )


def _n(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")
