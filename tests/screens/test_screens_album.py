"""Every screen of the album, both languages, all sizes, both renderings: as it was, readable, reachable."""

from __future__ import annotations

from pathlib import Path

import pytest

from kiosk.keys import Key
from kiosk.locale.compile import compile_all
from kiosk.page import Page
from kiosk.theme.colours import contrast_ratio
from kiosk.theme.rendering import Rendering
from kiosk.theme.roles import DECORATION, FILLS, Role
from kiosk.widgets.canvas import Drawing
from kiosk.widgets.glyphs import CONSOLE_CHARACTERS, DRAWING
from tests.screens.looks import VIEWS, View, drawings, look_of, pages, read_looks, shots, write_looks

LEAST_CONTRAST = 7.0
LEAST_CONTRAST_OF_BLOCKS = 3.0

Drawn = dict[View, dict[str, Drawing]]


@pytest.fixture(scope="module")
def worded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, dict[str, Page]]]:
    folder = tmp_path_factory.mktemp("locale")
    compile_all(into=folder)
    return folder, {language: pages(language, folder) for language in ("en", "de")}


@pytest.fixture(scope="module")
def drawn(worded: tuple[Path, dict[str, dict[str, Page]]]) -> Drawn:
    folder, of = worded
    return {view: drawings(view, of[view.language], folder) for view in VIEWS}


def test_every_screen_looks_as_it_did(drawn: Drawn, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    looks = {name: [look_of(drawn[view][name]) for view in VIEWS] for name, _ in shots()}
    if request.config.getoption("--update-snapshots"):
        write_looks(looks)
        return
    before = read_looks()
    changed = [name for name, of in looks.items() if before.get(name) != of]
    for name in changed:
        texts = (f"{view}\n{drawn[view][name].text()}" for view in VIEWS)
        (tmp_path / f"{name.replace('/', ' ')}.txt").write_text("\n\n".join(texts), encoding="utf-8")
    gone = sorted(set(before) - set(looks))
    if changed or gone:
        pytest.fail(
            f"{len(changed)} screens look different, {len(gone)} are gone: "
            f"{', '.join([*changed, *gone][:9])}. Look at them in {tmp_path}, then: "
            "pytest tests/screens --update-snapshots, make screens"
        )


@pytest.mark.parametrize("rendering", Rendering)
def test_every_text_cell_of_every_screen_has_a_contrast_of_seven_to_one(
    drawn: Drawn, rendering: Rendering
) -> None:
    theme = rendering.theme
    too_faint = set()
    for role, only_blocks in _written(drawn):
        needed = LEAST_CONTRAST_OF_BLOCKS if only_blocks else LEAST_CONTRAST
        if contrast_ratio(theme[role].foreground, theme[role].background) < needed:
            too_faint.add(role)
    assert too_faint == set()


def _written(drawn: Drawn) -> set[tuple[Role, bool]]:
    """(role, whether only lines and blocks): what is written and informs, as in the gallery's own test."""
    blocks = DRAWING | {" "}
    found = set()
    for of in drawn.values():
        for drawing in of.values():
            for row in drawing.rows:
                for text, role in row:
                    only_blocks = set(text) <= blocks
                    decoration = role in DECORATION and only_blocks
                    if text.strip() and role not in FILLS and not decoration:
                        found.add((role, only_blocks))
    return found


def test_the_console_gets_its_own_glyphs_only(drawn: Drawn) -> None:
    for view, of in drawn.items():
        if view.console:
            odd = {name: set(drawing.text()) - CONSOLE_CHARACTERS - {"\n"} for name, drawing in of.items()}
            assert {name: found for name, found in odd.items() if found} == {}


def test_every_key_of_every_screen_is_reached_by_a_finger(
    drawn: Drawn, worded: tuple[Path, dict[str, dict[str, Page]]]
) -> None:
    _folder, of = worded
    for view, named in drawn.items():
        for name, drawing in named.items():
            page = of[view.language][name]
            reached = {key for target in drawing.targets for key in target.keys}
            assert {choice.key for choice in page.choices} <= reached, (str(view), name)


def test_wherever_output_can_be_on_the_bottom_is_stop(
    drawn: Drawn, worded: tuple[Path, dict[str, dict[str, Page]]]
) -> None:
    _folder, of = worded
    seen = 0
    for view, named in drawn.items():
        for name, drawing in named.items():
            if not of[view.language][name].stop_row:
                continue
            seen += 1
            assert drawing.stop_from_row is not None
            for y in range(drawing.stop_from_row + 1, view.height):
                assert {drawing.keys_at(x, y) for x in range(view.width)} == {(Key.STOP,)}, (str(view), name)
    assert seen > len(VIEWS)


def test_a_simulator_says_so_on_every_screen(
    drawn: Drawn, worded: tuple[Path, dict[str, dict[str, Page]]]
) -> None:
    _folder, of = worded
    for view, named in drawn.items():
        for name, drawing in named.items():
            if of[view.language][name].header.simulator:
                assert " SIMULATOR " in drawing.text(), (str(view), name)
