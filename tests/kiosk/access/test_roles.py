"""Who may do what with a PIN: guessing is slow whatever the power does, and nobody comes to a clinician's."""

from __future__ import annotations

import hashlib
import io
import random
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

import pytest

from kiosk import cli
from kiosk.access.attempts import DELAYS_S
from kiosk.access.pins import STAYS_S, Access, AccessError
from kiosk.clock import FixedClock
from kiosk.diary.records import Access as AccessRecord
from kiosk.diary.settings_file import SETTINGS, PinHash, SettingsError, load_settings
from kiosk.diary.store import open_store
from tests.kiosk.access.boxes import NOON, Box

TRIES, TRIES_IN_SOAK = 160, 10_000


async def cheap(pin: str, parameters: PinHash) -> bytes:
    """In the tests that are not about scrypt."""
    return hashlib.sha256(parameters.salt.encode() + pin.encode()).digest()


# ── guessing ──


class PowerCut(Exception):  # noqa: N818
    """The plug is pulled after the attempt was written down and before its hash is known."""


class Guesser:
    """Tries PINs, waits as little as it may, pulls the plug and sets the wall clock as it likes."""

    def __init__(self, folder: Path, seed: int, cuts: float) -> None:
        self.folder = folder
        self.cuts = cuts
        """The share of its tries in which the plug is pulled."""
        self.random = random.Random(seed)
        self.clock = FixedClock(NOON)
        self.cut_next = False
        self.on_s = 0.0
        """How long the box was on, all boots together."""
        self.checked_at: list[tuple[str, float, float]] = []
        """Boot, its uptime, and the kiosk's start in it, of each PIN that was really looked at."""
        self.booted_at_s = self.clock.uptime_s
        self._start()

    def _start(self) -> None:
        self.store = open_store(self.folder, "simulated", self.clock)
        self.access = Access(self.store, self.hash)

    async def hash(self, pin: str, parameters: PinHash) -> bytes:
        self.checked_at.append((self.clock.boot, self.clock.uptime_s, self.booted_at_s))
        if self.cut_next:
            raise PowerCut
        return await cheap(pin, parameters)

    def wait(self, seconds: float) -> None:
        self.clock.advance(seconds)
        self.on_s += seconds

    def pull_the_plug(self) -> None:
        self.store.close()
        self.clock.boot += "+"
        self.clock.uptime_s = self.booted_at_s = self.random.choice((1.0, 20.0))
        self._start()

    async def try_once(self) -> None:
        if self.random.random() < 0.2:
            self.clock.time += (
                self.random.choice((-1, 1)) * self.random.random() * (NOON - NOON.replace(day=1))
            )
        self.wait(self.random.choice((0.0, 1.0, *DELAYS_S, 301.0)))
        self.cut_next = self.random.random() < self.cuts
        try:
            await self.access.check_pin("family", "0000")
        except PowerCut:
            self.pull_the_plug()
        if self.random.random() < 0.1:
            self.pull_the_plug()


@pytest.mark.parametrize("cuts", [0.1, 0.5, 0.9, 1.0])
async def test_power_cuts_between_the_tries_win_none(tmp_path: Path, soak: bool, cuts: float) -> None:
    tries = (TRIES_IN_SOAK if soak else TRIES) // 4
    guesser = Guesser(tmp_path / "box", seed=7, cuts=cuts)
    await Access(guesser.store, cheap).set_pin("family", "4711")
    for _ in range(tries):
        before = len(guesser.checked_at)
        await guesser.try_once()
        assert len(guesser.checked_at) - before <= 1
    guesser.store.close()
    checked = guesser.checked_at
    print(f"{tries} tries with power cuts: {len(checked)} PINs looked at in {guesser.on_s / 3600:.0f} hours")
    assert len(checked) > 5
    assert len(checked) <= len(DELAYS_S) + guesser.on_s / DELAYS_S[-1]
    for number, (one, other) in enumerate(pairwise(checked), start=1):
        delay_s = DELAYS_S[min(number, len(DELAYS_S) - 1)]
        since_s = one[1] if one[0] == other[0] else other[2]
        assert other[1] - since_s >= delay_s, "a delay that was pending begins anew at the next start"


# ── whose PIN ──


def set_by_installer(monkeypatch: pytest.MonkeyPatch, folder: Path, role: str, *lines: str) -> int:
    monkeypatch.setattr("sys.stdin", io.StringIO("".join(f"{line}\n" for line in lines)))
    return cli.main(["pin", role, "--data", str(folder)])


def test_the_installer_gives_the_family_a_new_pin_and_never_the_clinician(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    folder = tmp_path / "box"
    open_store(folder, "real", FixedClock(NOON)).close()
    assert set_by_installer(monkeypatch, folder, "clinician", "13579") == 0
    assert set_by_installer(monkeypatch, folder, "family", "1111") == 0
    first = load_settings(folder).pins
    assert set_by_installer(monkeypatch, folder, "family", "2222") == 0
    assert set_by_installer(monkeypatch, folder, "clinician", "0000", "24680") == 1
    assert "with the old one alone" in capsys.readouterr().err
    now = load_settings(folder).pins
    assert now["family"] != first["family"]
    assert now["clinician"] == first["clinician"]
    assert set_by_installer(monkeypatch, folder, "clinician", "13579", "24680") == 0
    assert load_settings(folder).pins["clinician"] != first["clinician"]


def test_a_box_that_is_enrolled_anew_has_no_clinicians_pin(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its new secret goes to a clinician, who may be another one."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    folder = tmp_path / "box"
    open_store(folder, "real", FixedClock(NOON)).close()
    assert cli.main(["enrol", "--data", str(folder)]) == 0
    assert set_by_installer(monkeypatch, folder, "clinician", "13579") == 0
    assert set_by_installer(monkeypatch, folder, "family", "1111") == 0
    assert cli.main(["enrol", "--data", str(folder)]) == 1
    assert set(load_settings(folder).pins) == {"clinician", "family"}
    assert cli.main(["enrol", "--again", "--data", str(folder)]) == 0
    assert set(load_settings(folder).pins) == {"family"}


async def test_a_clinicians_pin_holds_for_minutes_and_no_longer_than_the_page(tmp_path: Path) -> None:
    clock = FixedClock(NOON)
    with open_store(tmp_path / "box", "simulated", clock) as store:
        access = Access(store, cheap)
        await access.set_pin("clinician", "13579")
        await access.set_pin("family", "2580")
        with pytest.raises(AccessError, match="type the PIN again"):
            access.must_be_here("clinician")
        assert (await access.check_pin("family", "2580")).ok
        assert not (await access.check_pin("clinician", "0000")).ok
        with pytest.raises(AccessError):
            access.must_be_here("clinician")
        assert (await access.check_pin("clinician", "13579")).ok
        access.must_be_here("clinician")
        clock.advance(STAYS_S + 1)
        with pytest.raises(AccessError):
            access.must_be_here("clinician")
        assert (await access.check_pin("clinician", "13579")).ok
        access.leave("clinician")
        with pytest.raises(AccessError):
            access.must_be_here("clinician")


async def test_what_the_clinician_opens_at_the_box_is_written_down(tmp_path: Path) -> None:
    box = Box(tmp_path / "box", enrolled=False)
    await box.store.lock("E", "rf_chest")
    assert not (await box.unlocking.open_at_box(1)).refused
    assert box.open_numbers() == []
    assert AccessRecord(role="clinician", action="unlock", detail="1") in [
        one.record for one in box.store.all("access")
    ]
    box.store.close()


async def test_wherever_the_file_of_pins_was_cut_no_wrong_pin_is_right(tmp_path: Path, soak: bool) -> None:
    """It is replaced whole; but a card wears out."""
    clock = FixedClock(NOON)
    with open_store(tmp_path / "box", "real", clock) as store:
        access = Access(store, cheap)
        for role, pin in (("family", "2580"), ("clinician", "13579")):
            await access.set_pin(role, pin)  # type: ignore[arg-type]
        path = store.folder / SETTINGS
        whole = path.read_bytes()
        for cut in range(0, len(whole), 1 if soak else 29):
            path.write_bytes(whole[:cut])
            for role in ("family", "clinician"):
                clock.advance(DELAYS_S[-1])
                with suppress(SettingsError):  # it cannot be read, so nothing opens
                    result = await access.check_pin(role, "")  # type: ignore[arg-type]
                    assert not result.ok, cut
