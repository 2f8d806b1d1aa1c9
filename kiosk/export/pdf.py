"""A page as PDF. Loaded by the commands that write one, and by nothing else: reportlab is heavy."""

from __future__ import annotations

import io
from typing import Final

from reportlab.lib.colors import HexColor
from reportlab.pdfgen.canvas import Canvas

from kiosk.export.drawing import A4_HEIGHT, A4_WIDTH, Box, Curve, Dot, Page, Rule, Shape, Words
from kiosk.export.fonts import BOLD, REGULAR, register_fonts

_DASHES: Final = (2, 2)


def pdf_of(page: Page) -> bytes:
    """The page as a PDF file, with its fonts in it; the same page gives the same bytes."""
    register_fonts()
    file = io.BytesIO()
    canvas = Canvas(file, pagesize=(A4_WIDTH, A4_HEIGHT), invariant=1, lang=page.language)
    canvas.setTitle(page.title)
    canvas.setSubject(page.summary)
    canvas.setAuthor("homestim")
    for shape in page.shapes:
        _paint(canvas, shape)
    canvas.showPage()
    canvas.save()
    return file.getvalue()


def _paint(canvas: Canvas, shape: Shape) -> None:
    match shape:
        case Words():
            canvas.setFillColor(HexColor(shape.ink))
            canvas.setFont(BOLD if shape.bold else REGULAR, shape.size)
            x = shape.x - {"start": 0.0, "middle": shape.width / 2, "end": shape.width}[shape.anchor]
            canvas.drawString(x, A4_HEIGHT - shape.y, shape.text)
        case Rule():
            canvas.setStrokeColor(HexColor(shape.ink))
            canvas.setLineWidth(shape.width)
            canvas.setDash(*_DASHES) if shape.dashed else canvas.setDash()
            canvas.line(shape.x1, A4_HEIGHT - shape.y1, shape.x2, A4_HEIGHT - shape.y2)
        case Box():
            _colours(canvas, shape.fill, shape.ink)
            y = A4_HEIGHT - shape.y - shape.height
            canvas.rect(shape.x, y, shape.width, shape.height, shape.ink is not None, shape.fill is not None)
        case Dot():
            _colours(canvas, shape.ink if shape.filled else "#ffffff", shape.ink)
            canvas.circle(shape.x, A4_HEIGHT - shape.y, shape.radius, stroke=1, fill=1)
        case Curve():
            _colours(canvas, shape.ink, shape.ink)
            canvas.setLineWidth(shape.width)
            path = canvas.beginPath()
            for index, (x, y) in enumerate(shape.points):
                (path.lineTo if index else path.moveTo)(x, A4_HEIGHT - y)
            if shape.closed:
                path.close()
            canvas.drawPath(path, stroke=not shape.closed, fill=shape.closed)


def _colours(canvas: Canvas, fill: str | None, ink: str | None) -> None:
    canvas.setDash()
    canvas.setLineWidth(0.8)
    if fill is not None:
        canvas.setFillColor(HexColor(fill))
    if ink is not None:
        canvas.setStrokeColor(HexColor(ink))
