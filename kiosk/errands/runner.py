"""Which errand carries out which effect, and when one is given up."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import assert_never

from kiosk.access.pins import Access
from kiosk.diary.store import Store
from kiosk.errands.choices import Choices
from kiosk.errands.diary_watch import DiaryWatch
from kiosk.errands.family import FamilyReading
from kiosk.errands.from_clinic import FromClinic
from kiosk.errands.pins_and_codes import PinsAndCodes
from kiosk.errands.safe_mode import SafeMode
from kiosk.errands.saving import Saving
from kiosk.errands.taking_along import TakingAlong
from kiosk.errands.tasks import Tasks
from kiosk.errands.today import ReadToday, TodayReading
from kiosk.events import (
    CheckBox,
    CheckPin,
    Choose,
    DeclineHeld,
    Errand,
    Event,
    FindWords,
    LeaveSafeMode,
    LoadCodeState,
    LoadFamilyView,
    LoadHeld,
    LoadToday,
    LookForPlaces,
    NewPassword,
    OpenDiaryAnew,
    OpenLock,
    Save,
    SaveScreening,
    SendOut,
    TakeFromStick,
    TakeHeld,
    TryCode,
)
from kiosk.export.outgoing import Places
from kiosk.settings import RunSettings
from kiosk.sound.player import Sounds
from kiosk.visit.state import Visit


class ErrandRunner:
    """All errands of one run of the kiosk."""

    def __init__(
        self,
        *,
        settings: RunSettings,
        store: Store,
        access: Access,
        sounds: Sounds,
        tasks: Tasks,
        read_today: ReadToday,
        find_sticks: Callable[[], Places],
        visit: Callable[[], Visit],
        output_possible: Callable[[], bool],
        hear: Callable[[Event], None],
        leave: Callable[[], None],
        begin_again: Callable[[], None],
    ) -> None:
        self._prints_cards = settings.config.kiosk.cards
        self._tasks = tasks
        self._visit = visit
        self._output_possible = output_possible
        self.saving = Saving(store=store, hear=hear)
        self.pins_and_codes = PinsAndCodes(store=store, access=access, hear=hear)
        self.from_clinic = FromClinic(store=store, access=access, hear=hear)
        self.today = TodayReading(
            store=store, access=access, device_kind=settings.device_kind, read_today=read_today, hear=hear
        )
        self.diary_watch = DiaryWatch(store=store, step=self._step, hear=hear, load_today=self._load_today)
        self.family = FamilyReading(store=store, outbox=settings.config.sync.outbox, tasks=tasks, hear=hear)
        self.choices = Choices(
            folder=store.folder,
            letters_file=settings.config.kiosk.letters,
            sounds=sounds,
            spawn=tasks.spawn,
            hear=hear,
            leave=leave,
        )
        self.safe_mode = SafeMode(settings=settings, tasks=tasks, hear=hear, begin_again=begin_again)
        self.taking_along = TakingAlong(
            store=store,
            find_sticks=find_sticks,
            step=self._step,
            output_possible=output_possible,
            hear=hear,
            spawn=tasks.spawn,
        )

    def send(self, effect: Errand) -> None:
        """Begins to carry it out, and never waits."""
        match effect:
            case Save() | SaveScreening():
                self._tasks.spawn(self.saving.save(effect))
            case OpenDiaryAnew():
                self._tasks.spawn(self.saving.open_anew())
            case CheckPin():
                self._tasks.spawn(self.pins_and_codes.check_pin(effect))
            case LoadCodeState():
                self._tasks.spawn(self.pins_and_codes.load_code_state())
            case TryCode():
                self._tasks.spawn(self.pins_and_codes.try_code(effect))
            case OpenLock(number):
                self._tasks.spawn(self.pins_and_codes.open_lock(number))
            case LoadHeld():
                self._tasks.spawn(self.from_clinic.load_held())
            case TakeHeld(name):
                self._tasks.spawn(self.from_clinic.take_held(name))
            case DeclineHeld(name):
                self._tasks.spawn(self.from_clinic.decline_held(name))
            case LoadFamilyView():
                self._tasks.spawn(self.family.load())
            case FindWords(wanted):
                self._tasks.spawn(self.family.find_words(wanted))
            case LookForPlaces():
                self._tasks.spawn(self.taking_along.look_for_places())
            case NewPassword():
                self.taking_along.make_password()
            case SendOut():
                self.taking_along.send_out(effect)
            case TakeFromStick(place):
                self._tasks.spawn(self.taking_along.take_from_stick(Path(place)))
            case LoadToday():
                self._load_today()
            case Choose():
                self.choices.choose(effect)
            case CheckBox():
                self._tasks.spawn(self.safe_mode.check_box())
            case LeaveSafeMode():
                self._tasks.spawn(self.safe_mode.leave())
            case _:
                assert_never(effect)

    def follow(self, visit: Visit, *, may_read: bool) -> None:
        """The visit has gone on: nothing heavy goes on beside what comes now. The family's view is read ahead
        while its PIN is typed, where `may_read`."""
        if visit.step != "pin":
            self.family.give_up_view()
        elif may_read and not self._output_possible():
            self.family.read_ahead()
        if visit.context.family is None:
            self.family.give_up_search()
        self.taking_along.give_up_elsewhere()

    async def wind_up(self) -> None:
        """The run is over: nothing of it goes on behind this."""
        while self._tasks.under_way:
            self.taking_along.close()
            await self._tasks.wind_up()

    def _step(self) -> str:
        return self._visit().step

    def _load_today(self) -> None:
        self._tasks.spawn(self._load_and_print())

    async def _load_and_print(self) -> None:
        if self._step() == "home":
            if self._visit().context.saves.all_durable:
                # What failed was not the visit's, which asks to try again: a PIN, or something handed in.
                await self.saving.open_anew()
            await self.from_clinic.take_in()
        alerts = await self.today.load()
        if alerts is not None and self._prints_cards:
            await self.taking_along.print_cards(alerts, self._visit().context.setting.emergency_number)
