"""Skin that is sore ends the visit before a pad is put on it."""

from __future__ import annotations

from kiosk.visit.steps.answers import groups
from tests.kiosk.visit.visit_bench import Walk


def test_sore_skin_is_said_before_any_pad() -> None:
    walk = Walk()
    for _ in range(60):
        if walk.step == "single" and "d_skin" in groups(walk.visit)[walk.visit.place.index].questions:
            break
        if walk.step == "group" and "d_skin" in groups(walk.visit)[walk.visit.place.index].questions:
            walk.press("2")
            continue
        walk.until_next()
    assert groups(walk.visit)[walk.visit.place.index].questions[walk.visit.place.item] == "d_skin"
    walk.press("2")
    seen = []
    for _ in range(6):
        seen.append(walk.step)
        if walk.step in ("verdict", "not_today"):
            break
        walk.until_next()
    assert "placement" not in seen
    assert seen[-1] in ("verdict", "not_today")
