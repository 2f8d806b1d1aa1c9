"""What the invented person presses while current can flow: she reads the screen and follows it, mostly."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Final

from kiosk.keys import Key
from kiosk.rehearsal.patient import Feeling
from kiosk.session.machine import at_limit_unfelt
from kiosk.session.state import SessionState, Side

UP_EVERY_MS: Final = (1_050, 1_600)
READS_MS: Final = (1_200, 4_000)
ANSWERS_MS: Final = (3_000, 25_000)
"""To "Still OK?": some only look up at the second tone."""
NEVER_ANSWERS: Final = 0.0008
WRONG_SIDE: Final = 0.002
"""Says "elsewhere" where it is felt where it should be."""
WRONG_KEYS: Final = (Key.UP, Key.DOWN, Key.ENTER, Key.FOUR, Key.FIVE, Key.LEFT, Key.STOP, Key.BACK)
FADES_HALF_MA: Final = 2
"""TENS fades within a session; turning it up again keeps its effect (PAN11). So much at each "Still OK?"."""
MOST_FADING_HALF_MA: Final = 6
UP, DOWN, ENTER, TWO = Key.UP, Key.DOWN, Key.ENTER, Key.TWO  # here: a member of an Enum is slow to look up
WHERE: Final = {"left": Key.ONE, "right": Key.TWO, "both": Key.THREE}


class Hands:
    """One person through one session, and through its pauses."""

    def __init__(
        self,
        feelings: Mapping[int, Feeling],
        rng: Random,
        *,
        wrong_keys: float,
        fades: bool,
    ) -> None:
        """`feelings` by channel. `fades`: a tingle that gets weaker, as in TENS."""
        self._feelings = feelings
        self._rng = rng
        self._wrong_keys = wrong_keys
        self._fades = fades
        self._confused = {channel for channel in feelings if rng.random() < WRONG_SIDE}
        self._faded_half_mA = 0
        self._pending: tuple[Key, int] | None = None
        self._ignores = False
        self._prompt_s: float | None = None

    def press(self, state: SessionState, now_ms: int) -> tuple[Key, int] | None:
        """The next key and when it comes; None while she waits. Asked anew after everything that happens."""
        wanted = self._wanted(state)
        if wanted is None:
            self._pending = None
        elif self._pending is None or self._pending[0] is not wanted:
            at_ms = now_ms + self._reaction_ms(state, wanted)
            notice = state.notice
            if notice is not None and notice.id in ("plateau", "contraction"):
                at_ms = max(at_ms, int(notice.until_s * 1000) + 1)  # "wait for the next squeeze"
            self._pending = (wanted, at_ms)
        return self._pending

    def pressed(self) -> Key:
        """The key that was due goes down; sometimes it is the wrong one."""
        assert self._pending is not None
        key, self._pending = self._pending[0], None
        if self._rng.random() < self._wrong_keys:
            return self._rng.choice(WRONG_KEYS)
        return key

    def sticks_pads_again(self) -> None:
        """Fresh contact: it is felt a little earlier."""
        self._pending, self._confused = None, set()
        self._feelings = {
            channel: Feeling(feeling.first_mA * 0.93, feeling.strong_mA * 0.97)
            for channel, feeling in self._feelings.items()
        }

    def strong_half_mA(self, side: Side) -> int:
        """What she wants on a side by now: never more than its limit."""
        wanted = round(self._feelings[side.channel].strong_mA * 2) + self._faded_half_mA
        return min(wanted, side.ceiling_half_mA)

    def _wanted(self, state: SessionState) -> Key | None:
        if state.prompt is not None:
            return self._answer(state)
        if state.stage == "find":
            return self._find(state)
        return self._play(state) if state.stage == "play" else None

    def _answer(self, state: SessionState) -> Key | None:
        assert state.prompt is not None
        if self._prompt_s != state.prompt.asked_s:
            self._prompt_s = state.prompt.asked_s
            still_ok = state.prompt.kind == "still_ok"
            self._ignores = still_ok and self._rng.random() < NEVER_ANSWERS
            if still_ok and self._fades and state.stage == "play":
                self._faded_half_mA = min(MOST_FADING_HALF_MA, self._faded_half_mA + FADES_HALF_MA)
        return None if self._ignores else ENTER

    def _find(self, state: SessionState) -> Key | None:
        side, step = state.side, state.find_step
        if step in ("offer", "both"):
            return ENTER
        if step == "where":
            return Key.THREE if side.channel in self._confused else WHERE[side.side]
        return self._search(state, side, step)

    def _search(self, state: SessionState, side: Side, step: str) -> Key | None:
        """Up, until it is felt, until the muscle tightens, until it is strong; or the limit is reached."""
        level_half_mA = side.level_half_mA
        squeezes = state.status is not None and state.status.may_raise
        if level_half_mA >= self._enough_half_mA(side, step) and (squeezes or step == "strong"):
            return ENTER
        if at_limit_unfelt(state):
            return TWO
        if step != "feel" and level_half_mA + state.step_half_mA > side.ceiling_half_mA:
            # At the limit: the muscle was not seen to tighten, or it might be stronger.
            return TWO if step == "tighten" else ENTER
        rising = side.slow is not None and side.slow.running
        return UP if squeezes and not rising else None

    def _enough_half_mA(self, side: Side, step: str) -> float:
        if step == "strong":
            return self.strong_half_mA(side)
        feeling = self._feelings[side.channel]
        return 2 * (feeling.first_mA if step == "feel" else feeling.motor_mA)

    def content(self, state: SessionState) -> bool:
        """In the session, and nothing to wish for whatever the muscles do."""
        return state.stage == "play" and state.prompt is None and self._wish(state) is None

    def _play(self, state: SessionState) -> Key | None:
        wish = self._wish(state)
        squeezes = state.status is not None and state.status.may_raise
        return None if wish in (UP, DOWN) and not squeezes else wish

    def _wish(self, state: SessionState) -> Key | None:
        if state.rises:
            return None
        waiting = [side for side in state.sides if side.slow is not None]
        if waiting:
            return ENTER if all(side.level_half_mA == 0 for side in waiting) else UP
        missing_half_mA = [self.strong_half_mA(side) - side.level_half_mA for side in state.sides]
        if min(missing_half_mA) < -2:
            return DOWN
        return UP if min(missing_half_mA) >= state.step_half_mA else None

    def _reaction_ms(self, state: SessionState, key: Key) -> int:
        if state.prompt is not None and state.prompt.kind == "still_ok":
            return self._rng.randint(*ANSWERS_MS)
        return self._rng.randint(*(UP_EVERY_MS if key in (UP, DOWN) else READS_MS))
