"""One run of the kiosk: joins flow, session, guard, diary and screen, and decides nothing itself.

`kiosk.visit.flow` and `kiosk.session.machine` say what is to be done; here it is done, and the results go
back to them as events. Everything runs on the screen's loop; files and PINs are the business of threads
and child processes, so that a key never waits for them.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from drivers import messages as guard
from drivers.guard.link import GuardLink
from kiosk import guard_unit, today, words
from kiosk.access.pins import Access
from kiosk.clock import Clock
from kiosk.config import Sync, emergency_number
from kiosk.diary.settings_file import Settings, SettingsError
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
    BeginContactCheck,
    BeginSession,
    CheckBox,
    CheckPin,
    Choose,
    DeclineHeld,
    DeviceSeen,
    Effect,
    Event,
    FindWords,
    Leave,
    LeaveSafeMode,
    LoadCodeState,
    LoadFamilyView,
    LoadHeld,
    LoadToday,
    LookForPlaces,
    NewPassword,
    OpenLock,
    OutputUnknown,
    PlayTone,
    Save,
    SaveScreening,
    SendOut,
    SessionEnded,
    SessionKey,
    SessionOutcome,
    Speak,
    StartStopTest,
    StopContactCheck,
    StopTestEnded,
    StopTestReady,
    TakeFromStick,
    TakeHeld,
    TryCode,
    Woke,
)
from kiosk.export.outgoing import Places
from kiosk.export.stick import find_sticks
from kiosk.keys import Key
from kiosk.page import Page
from kiosk.session import rules
from kiosk.session.contact import ContactRunner
from kiosk.session.lease import Liveness
from kiosk.session.runner import SessionRunner
from kiosk.session.state import SessionState
from kiosk.session.waking import Waking
from kiosk.settings import RunSettings
from kiosk.simulator import Simulator, running_simulator
from kiosk.sound.player import SILENT, Sounds
from kiosk.terminal.reader import NO_KEY
from kiosk.visit import flow
from kiosk.visit.pages import fault_panel as fault_panel_page
from kiosk.visit.state import Chosen, Moment, Result, Setting
from kiosk.visit.steps import fault_panel
from kiosk.visit.steps.fault_panel import FaultPanel

if TYPE_CHECKING:
    from kiosk.sync.presence import Presence

log = logging.getLogger(__name__)

BY_PERSON: Final = frozenset({"test", "button"})
"""The reasons of a stop that pass the STOP test: a stop key, or a button that the guard itself watches."""
GUARD_AGAIN_S: Final = 1.0
"""Until the next try for a guard that is gone."""
AT_REST: Final = frozenset({"no_device", "idle", "unconfirmed"})
"""States of the guard in which no stop is under way any more."""
LEAVE_WITHIN_S: Final = 8.0
"""Longer than a whole stop path: only then does leaving go on without the guard's word."""


class Application:
    """The conductor of one run (`kiosk.conductor_types.Conductor`)."""

    def __init__(
        self,
        settings: RunSettings,
        store: Store,
        access: Access,
        clock: Clock,
        liveness: Liveness,
        read_today: ReadToday = today.read,
        sounds: Sounds = SILENT,
        find_sticks: Callable[[], Places] = find_sticks,
        kept: Settings = Settings(),  # noqa: B008 - frozen
    ) -> None:
        self._settings = settings
        self._store = store
        self._access = access
        self._clock = clock
        self._sounds = sounds
        self._port = settings.port
        self._link: GuardLink | None = None
        self._heard_guard = False
        """This guard said something: it lets us in."""
        self._guard_state: guard.GuardState = "no_device"
        self._guard_rests = asyncio.Event()
        self._device: guard.Device | None = None
        self._simulator: Simulator | None = None
        self._panel: FaultPanel | None = None
        self._epoch = 0
        self._testing = False
        self._test_ready = False
        """The device said that its stage is on: now there is something for STOP to switch off."""
        self._test_silence: asyncio.TimerHandle | None = None
        self._tasks = Tasks()
        self._changed: list[Callable[[], None]] = []
        self._waking = Waking(clock, lambda: self._hear(Woke()))
        self._loop: asyncio.AbstractEventLoop | None = None
        self._left = asyncio.Event()
        self._over = False
        """Nothing is heard any more."""
        self.begins_again = False
        """Left to be started once more: safe mode is over."""
        self._session_over = asyncio.Event()
        self._broken: BaseException | None = None
        self._saving = Saving(store=store, hear=self._hear)
        self._pins_and_codes = PinsAndCodes(store=store, access=access, hear=self._hear)
        self._from_clinic = FromClinic(store=store, access=access, hear=self._hear)
        self._today = TodayReading(
            store=store,
            access=access,
            device_kind=settings.device_kind,
            read_today=read_today,
            hear=self._hear,
        )
        self._diary_watch = DiaryWatch(
            store=store,
            step=lambda: self._visit.step,
            hear=self._hear,
            load_today=lambda: self._tasks.spawn(self._load_today()),
        )
        self._family = FamilyReading(
            store=store, outbox=settings.config.sync.outbox, tasks=self._tasks, hear=self._hear
        )
        self._choices = Choices(
            folder=store.folder,
            letters_file=settings.config.kiosk.letters,
            sounds=sounds,
            spawn=self._tasks.spawn,
            hear=self._hear,
            leave=self.leave,
        )
        self._safe_mode = SafeMode(
            settings=settings, tasks=self._tasks, hear=self._hear, begin_again=self._begin_again
        )
        self._runner = SessionRunner(
            send=self._send,
            save=self._saving.for_session,
            clock=clock,
            liveness=liveness,
            on_change=self._tell,
            on_end=self._session_ended,
            on_tone=sounds.play,
        )
        self._contact = ContactRunner(send=self._send, clock=clock, liveness=liveness, on_end=self._hear)
        self._taking_along = TakingAlong(
            store=store,
            find_sticks=find_sticks,
            step=lambda: self._visit.step,
            output_possible=lambda: self.output_possible,
            hear=self._hear,
            spawn=self._tasks.spawn,
        )
        setting = Setting(
            emergency_number=emergency_number(settings.config.kiosk.country),
            locked_down=settings.config.kiosk.locked,
            build=settings.build,
            shown_pin=access.demo_pin or "",
            forms_folder=settings.config.kiosk.forms,
            reads_aloud=sounds.has_voice,
            plays_tones=sounds.can_play,
            sets_letters=bool(settings.config.kiosk.letters),
            safe_mode=settings.safe_mode,
            recipient=_recipient(settings.config.sync),
        )
        self._presence = _presence(settings, store.folder)
        chosen = Chosen(sounds.volume, kept.reminders, kept.letters or "usual")
        self._visit, self._first_effects = flow.start(setting, self._moment(), chosen)

    # ── for the renderer (Conductor) ──

    @property
    def output_possible(self) -> bool:
        """An arming, the contact check or the STOP test is live: every unknown byte is a stop."""
        return self._testing or self._contact.output_possible or self._runner.output_possible

    @property
    def simulated(self) -> bool:
        """The guard reports a simulator: the trainers' key and their panel exist."""
        return self._device is not None and self._device.simulated

    @property
    def session(self) -> SessionState | None:
        """The last session's state; None before the first."""
        return self._runner.state

    def page(self) -> Page:
        """What stands on the screen."""
        page = flow.page(self._visit, self._moment(), self._runner.state)
        panel = self._panel_over(page)
        if panel is None:
            return page
        return fault_panel_page.over(page, panel, self._settings.device_kind, ours=self._takes_faults)

    def on_change(self, callback: Callable[[], None]) -> None:
        """`callback` whenever the page may have changed."""
        self._changed.append(callback)

    def press(self, key: Key) -> None:
        """A key of the person, or of a trainer."""
        key = Key.UNKNOWN if key is Key.TRAINER and not self.simulated else key
        if self._taken_by_panel(key):
            return
        self._sounds.hush()
        if key is Key.STOP and self._testing:
            self._send(guard.Stop("test"))
        self._take(flow.press(self._visit, key, self._moment()))

    def write(self, text: str) -> None:
        """A character of a text that is typed."""
        self._sounds.hush()
        self._take(flow.write(self._visit, text, self._moment()))

    @property
    def _takes_faults(self) -> bool:
        return self._simulator is not None and self._simulator.ours

    def _panel_over(self, page: Page) -> FaultPanel | None:
        """The trainers' panel, if it is open over `page` itself."""
        panel = self._panel
        return panel if panel is not None and self.simulated and panel.over == page.serial else None

    def _taken_by_panel(self, key: Key) -> bool:
        """Whether the trainers' panel had the key to itself: then neither visit nor session hears of it."""
        if self._panel is None and key is not Key.TRAINER:
            return False
        page = flow.page(self._visit, self._moment(), self._runner.state)
        panel = self._panel_over(page)
        if panel is None:
            self._panel = FaultPanel(page.serial) if key is Key.TRAINER else None
            taken = key is Key.TRAINER
        else:
            pressed = fault_panel.press(
                panel,
                key,
                self._settings.device_kind,
                ours=self._takes_faults,
                output_possible=self.output_possible,
            )
            self._panel, taken = pressed.panel, not pressed.passed_on
            if pressed.order and self._simulator is not None:
                log.info("a trainer orders: %s", pressed.order)
                self._simulator.inject(pressed.order)
        if taken:
            self._tell()
        return taken

    def stop_from_input_thread(self, source: str) -> None:
        """From any thread: the datagram leaves before this returns; the loop hears of it afterwards."""
        link = self._link
        if link is not None:
            link.stop_now(self._stop_why(source))
        if self._loop is not None:
            try:
                self._loop.call_soon_threadsafe(self.press, Key.STOP)
            except RuntimeError:
                log.warning("a stop came after the end of the loop")

    def _stop_why(self, source: str) -> str:
        """A key is the person, whatever its name: the guard's word may be heard before the key itself."""
        if self._testing:
            return "test"
        return source if source in NO_KEY else "person"

    def terminal_answered(self, monotonic_s: float) -> None:
        """The liveness object that the driver feeds is asked directly; nothing is kept here."""

    def leave(self) -> None:
        """Output to zero, then the end of `run`."""
        self._guard_rests.clear()
        self._contact.request_stop("shutdown")
        self._runner.request_stop("shutdown")
        self._send(guard.Stop("shutdown"))
        self._left.set()

    async def run(self) -> int:
        """Conducts until it is left; 0, or 1 when the output at the end is not known to be off.

        The screen is up meanwhile: simulator and guard start behind it. Raises KioskError when they do not.
        """
        # A collection over all that was loaded holds every thread for 40 ms, the one that seeks STOP too.
        gc.freeze()
        gc.enable()
        self._loop = asyncio.get_running_loop()
        self._loop.set_exception_handler(self._broke)
        self._carry_out(self._first_effects)
        self._schedule()
        async with AsyncExitStack() as stack:
            try:
                code = await self._conduct(stack)
            finally:
                await self._leave_nothing_behind()
        if self._broken is not None:
            raise self._broken
        return code

    async def _conduct(self, stack: AsyncExitStack) -> int:
        """Until it is left; the exit code. What has to be ended after it goes onto the stack."""
        if self._settings.simulator is not None and not self._settings.safe_mode:
            self._simulator = await stack.enter_async_context(running_simulator(self._settings.simulator))
            self._port = str(self._simulator.port)
        self._settings.guard_folder.mkdir(exist_ok=True)
        if self._settings.safe_mode:
            self._miss_guard("The box is in safe mode.")
        else:
            self._connect()
        with contextlib.suppress(SettingsError):  # home says it, and that there is no therapy
            await self._access.set_demo_pin()
        await self._sounds.prepare()
        self._tasks.spawn(self._diary_watch.watch(self._left))
        await self._left.wait()
        return await self._end()

    def _broke(self, _loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """A mistake of our own in a callback: no lease, a stop, and the end.

        A picture that no longer follows must not stand over a live current (safety rule 9).
        """
        what = _what_broke(context)
        self._broken = context.get("exception") or RuntimeError(what)
        log.critical("%s", what, exc_info=self._broken)
        self._contact.close()
        self._runner.close()
        self._guard_rests.clear()
        self._send(guard.Stop("kiosk_error"))
        self._left.set()

    # ── the guard ──

    def _connect(self) -> None:
        self._heard_guard = False
        try:
            self._link = guard_unit.start_or_join(self._settings, self._port)
        except guard_unit.GuardMissing as error:
            self._miss_guard(str(error))
            self._tasks.spawn(self._replace_guard(None))
        else:
            self._link.listen(self._heard, self._guard_gone)

    def _miss_guard(self, sentence: str) -> None:
        """Nobody can be asked for the stimulator; said once, not with every try."""
        missing = guard_unit.absent(self._settings, sentence)
        if missing != self._device:
            log.error("%s", sentence)
            self._device = missing
            self._hear(DeviceSeen(missing))

    def _send(self, message: guard.ToGuard) -> None:
        if self._link is not None and not self._link.send(message):
            log.warning("not sent to the guard: %s", type(message).__name__)

    def _heard(self, message: guard.FromGuard) -> None:
        self._heard_guard = True
        if self._testing:
            self._await_test()
        match message:
            case guard.Device():
                self._device = message
                self._store.set_device(message.device_id)
                self._hear(DeviceSeen(guard_unit.admitted(self._settings, message)))
            case guard.Status():
                self._heard_status(message)
            case guard.Stopped() if self._testing:
                by_person = message.why in BY_PERSON
                self._end_test(StopTestEnded(message.confirmed, message.how, by_person))
            case guard.Refused() if self._testing:
                self._end_test(StopTestEnded(True, f"refused: {message.limit}", by_person=False))
            case guard.Stopped(confirmed=False) if not self._stop_is_awaited():
                self._hear(OutputUnknown(message.why))
            case _:
                pass
        self._contact.hear(message)
        self._runner.hear(message)

    def _heard_status(self, status: guard.Status) -> None:
        self._epoch, self._guard_state = status.epoch, status.state
        if status.state in AT_REST:
            self._guard_rests.set()
        if self._testing and status.state == "testing" and not self._test_ready:
            self._test_ready = True
            self._hear(StopTestReady())

    def _begin_test(self) -> None:
        self._testing, self._test_ready = True, False
        self._await_test()
        self._send(guard.Test())

    def _await_test(self) -> None:
        """A guard that falls silent in the STOP test cannot say that the output is off."""
        if self._test_silence is not None:
            self._test_silence.cancel()
        unknown = StopTestEnded(False, "the guard did not answer")
        self._test_silence = asyncio.get_running_loop().call_later(
            rules.STOP_ANSWER_S, self._end_test, unknown
        )

    def _end_test(self, ended: StopTestEnded) -> None:
        self._testing = False
        if self._test_silence is not None:
            self._test_silence.cancel()
            self._test_silence = None
        self._hear(ended)

    def _stop_is_awaited(self) -> bool:
        """Contact check or session will say themselves what became of it."""
        return self._contact.output_possible or self._runner.output_possible

    def _guard_gone(self) -> None:
        """The guard ended, or hung up: it stopped the output if it could; the next one asks the device."""
        link, self._link = self._link, None
        self._contact.guard_gone()
        self._runner.guard_gone()
        if self._testing:
            self._end_test(StopTestEnded(False, "the guard process ended"))
        self._miss_guard(guard_unit.hung_up(self._settings, heard=self._heard_guard))
        if link is not None:
            self._tasks.spawn(self._replace_guard(link))

    async def _replace_guard(self, old: GuardLink | None) -> None:
        if old is not None:
            await old.close()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(GUARD_AGAIN_S):
                await self._left.wait()
        if not self._left.is_set():
            self._connect()

    # ── events and effects ──

    def _moment(self) -> Moment:
        return Moment(self._clock.now(), self._clock.monotonic_s(), self._clock.boottime_ns() / 1e9)

    def _hear(self, event: Event) -> None:
        self._take(flow.hear(self._visit, event, self._moment()))

    def _take(self, result: Result) -> None:
        if self._over:
            return
        self._visit, effects = result
        self._follow_family()
        self._taking_along.give_up_elsewhere()
        if self._visit.step == "home":
            self._access.leave("clinician")
        if self._presence is not None:
            self._presence.show(self._visit.step != "home")
        self._sounds.alarm("not_confirmed" if self._visit.step == "not_confirmed" else "")
        self._carry_out(effects)
        self._schedule()
        self._tell()

    def _tell(self) -> None:
        for callback in self._changed:
            callback()

    def _carry_out(self, effects: tuple[Effect, ...]) -> None:
        for effect in effects:
            match effect:
                case Save() | SaveScreening():
                    self._tasks.spawn(self._saving.save(effect))
                case StartStopTest():
                    self._begin_test()
                case BeginContactCheck(channels):
                    self._contact.begin(channels, self._epoch)
                case StopContactCheck():
                    self._contact.request_stop("person")
                case BeginSession():
                    self._begin(effect)
                case SessionKey(key):
                    self._runner.press(key)
                case CheckPin():
                    self._tasks.spawn(self._pins_and_codes.check_pin(effect))
                case LoadCodeState():
                    self._tasks.spawn(self._pins_and_codes.load_code_state())
                case TryCode():
                    self._tasks.spawn(self._pins_and_codes.try_code(effect))
                case OpenLock(number):
                    self._tasks.spawn(self._pins_and_codes.open_lock(number))
                case LoadHeld():
                    self._tasks.spawn(self._from_clinic.load_held())
                case TakeHeld(name):
                    self._tasks.spawn(self._from_clinic.take_held(name))
                case DeclineHeld(name):
                    self._tasks.spawn(self._from_clinic.decline_held(name))
                case LoadFamilyView():
                    self._tasks.spawn(self._family.load())
                case FindWords(wanted):
                    self._tasks.spawn(self._family.find_words(wanted))
                case LookForPlaces():
                    self._tasks.spawn(self._taking_along.look_for_places())
                case NewPassword():
                    self._taking_along.make_password()
                case SendOut():
                    self._taking_along.send_out(effect)
                case TakeFromStick(place):
                    self._tasks.spawn(self._taking_along.take_from_stick(Path(place)))
                case LoadToday():
                    self._tasks.spawn(self._load_today())
                case Speak():
                    self._sounds.read(self.page().spoken, words.language())
                case PlayTone(name):
                    self._sounds.play(name)
                case Choose():
                    self._choices.choose(effect)
                case CheckBox():
                    self._tasks.spawn(self._safe_mode.check_box())
                case LeaveSafeMode():
                    self._tasks.spawn(self._safe_mode.leave())
                case Leave():
                    self.leave()

    def _begin(self, effect: BeginSession) -> None:
        self._session_over.clear()
        self._runner.begin(
            effect.plan,
            device_kind=self._settings.device_kind,
            last_epoch=self._epoch,
            first_session=effect.first_session,
            resume=effect.resume,
            session_id=effect.session_id,
        )

    def _session_ended(self, outcome: SessionOutcome) -> None:
        self._session_over.set()
        self._hear(SessionEnded(outcome))

    def _schedule(self) -> None:
        if self._loop is not None:
            self._waking.at(flow.deadline_s(self._visit))

    async def _load_today(self) -> None:
        if self._visit.step == "home":
            await self._from_clinic.take_in()
        alerts = await self._today.load()
        if alerts is not None and self._settings.config.kiosk.cards:
            await self._taking_along.print_cards(alerts, self._visit.context.setting.emergency_number)

    def _follow_family(self) -> None:
        """Its view is read ahead while its PIN is typed; nothing of it goes on once it has left."""
        if self._visit.step != "pin" or self._left.is_set():
            self._family.give_up_view()
        elif self._loop is not None and not self.output_possible:
            self._family.read_ahead()
        if self._visit.context.family is None:
            self._family.give_up_search()

    def _begin_again(self) -> None:
        self.begins_again = True
        self.leave()

    # ── the end ──

    async def _end(self) -> int:
        """Waits for the stop and for the guard's own word on the output."""
        if self._runner.output_possible and self._broken is None:
            # The stop is under way: its outcome belongs into the diary.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LEAVE_WITHIN_S):
                    await self._session_over.wait()
        self._contact.close()
        self._runner.close()
        if self._test_silence is not None:
            self._test_silence.cancel()
        code: int | None = 0
        if self._link is not None:
            link, self._link = self._link, None
            code = await self._hang_up(link)
        return 0 if code in (0, None) else 1

    async def _leave_nothing_behind(self) -> None:
        """However it came to the end: what is only read is given up, what is written is waited for."""
        self._left.set()
        if self._link is not None:
            link, self._link = self._link, None
            self._contact.close()
            self._runner.close()
            await link.close()
        await self._runner.drain()
        while self._tasks.under_way:
            self._taking_along.close()
            await self._tasks.wind_up()
        self._over = True
        self._waking.at(None)
        await self._sounds.close()

    async def _hang_up(self, link: GuardLink) -> int | None:
        """0: the guard says that the output is off. A child says it by its exit, another before we leave."""
        if link.pid is None:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LEAVE_WITHIN_S):
                    await self._guard_rests.wait()
        async with asyncio.timeout(LEAVE_WITHIN_S):
            code = await link.close()
        if link.pid is not None:
            return code
        return int(not self._guard_rests.is_set() or self._guard_state == "unconfirmed")


def _what_broke(context: dict[str, Any]) -> str:
    """For the log: which task, where it was one."""
    task = context.get("task") or context.get("future")
    coroutine = task.get_coro() if isinstance(task, asyncio.Task) else None
    name = getattr(coroutine, "__qualname__", "")
    return f"{context.get('message')}: {name}" if name else "a callback failed"


def _recipient(sync: Sync) -> str:
    """Who gets the diary, in words; "": this box sends nothing."""
    return (sync.recipient or sync.server) if sync.server else ""


def _presence(settings: RunSettings, data: Path) -> Presence | None:
    """What keeps the sender away; None: this box sends nothing."""
    sync = settings.config.sync
    if not sync.server:
        return None
    from kiosk.diary.outbox import place
    from kiosk.sync.presence import Presence

    return Presence(place(sync.outbox, data))
