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
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import msgspec

from drivers import messages as guard
from drivers.guard.link import GuardLink
from kiosk import guard_unit, today, words
from kiosk.access import handed_in, unlocking
from kiosk.access.pins import Access
from kiosk.access.unlocking import Unlocking
from kiosk.clock import Clock
from kiosk.config import Sync, emergency_number
from kiosk.diary import inbox
from kiosk.diary.folder import cannot_use
from kiosk.diary.records import Lock, Record, Screening
from kiosk.diary.settings_file import Letters, Settings, SettingsError, change_settings
from kiosk.diary.store import Damage, Store, StoreReader, open_reader
from kiosk.errors import KioskError
from kiosk.events import (
    BeginContactCheck,
    BeginSession,
    BoxChecked,
    CheckBox,
    CheckPin,
    Choose,
    CodeStateLoaded,
    CodeTried,
    DeclineHeld,
    DeviceSeen,
    DiaryChecked,
    Effect,
    Event,
    FamilyLoaded,
    FamilyNotLoaded,
    FindWords,
    HeldDone,
    HeldLoaded,
    Leave,
    LeaveSafeMode,
    LoadCodeState,
    LoadFamilyView,
    LoadHeld,
    LoadToday,
    LookForPlaces,
    NewPassword,
    NotChosen,
    OpenLock,
    OutputUnknown,
    PinChecked,
    PlayTone,
    Save,
    Saved,
    SaveFailed,
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
    TakenIn,
    TodayLoaded,
    TodayNotLoaded,
    TryCode,
    Woke,
    WordsFound,
)
from kiosk.export.outgoing import Places
from kiosk.export.stick import find_sticks
from kiosk.keys import Key
from kiosk.ops import starts
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
from kiosk.taking_along import TakingAlong
from kiosk.terminal.reader import NO_KEY
from kiosk.today import Today
from kiosk.visit import flow
from kiosk.visit.pages import fault_panel as fault_panel_page
from kiosk.visit.state import Chosen, Moment, Result, Setting
from kiosk.visit.steps import fault_panel
from kiosk.visit.steps.fault_panel import FaultPanel

if TYPE_CHECKING:
    from kiosk.diary.shortening import Memory
    from kiosk.review.alerts import AlertsNow
    from kiosk.review.family import FamilyView, Found
    from kiosk.sync.presence import Presence
from programs.prescription import PrescriptionError

log = logging.getLogger(__name__)

T = TypeVar("T")

BY_PERSON: Final = frozenset({"test", "button"})
"""The reasons of a stop that pass the STOP test: a stop key, or a button that the guard itself watches."""
GUARD_AGAIN_S: Final = 1.0
"""Until the next try for a guard that is gone."""
AT_REST: Final = frozenset({"no_device", "idle", "unconfirmed"})
"""States of the guard in which no stop is under way any more."""
INBOX_EVERY_S: Final = 10.0
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
        read_today: Callable[[StoreReader, Clock, str], Today] = today.read,
        sounds: Sounds = SILENT,
        find_sticks: Callable[[], Places] = find_sticks,
        kept: Settings = Settings(),  # noqa: B008 - frozen
    ) -> None:
        self._settings = settings
        self._store = store
        self._access = access
        self._unlocking = Unlocking(store, access.attempts)
        self._clock = clock
        self._read_today = read_today
        self._memory: Memory | None = None
        """Of the diary's older months."""
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
        self._not_kept: dict[str, Any] = {}
        """Choices that the settings do not have yet."""
        self._keeping = asyncio.Lock()
        self._testing = False
        self._test_ready = False
        """The device said that its stage is on: now there is something for STOP to switch off."""
        self._test_silence: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        """Waited for at the end."""
        self._reading: set[asyncio.Task[Any]] = set()
        """Of what is only looked at: given up at the end."""
        self._changed: list[Callable[[], None]] = []
        self._family: asyncio.Task[FamilyView] | None = None
        """Reads the family's view ahead, while its PIN is typed."""
        self._searching: asyncio.Task[Found] | None = None
        """Looks for words in the diary."""
        self._damage = Damage()
        """That was told."""
        self._waking = Waking(clock, lambda: self._hear(Woke()))
        self._loop: asyncio.AbstractEventLoop | None = None
        self._left = asyncio.Event()
        self._over = False
        """Nothing is heard any more."""
        self.begins_again = False
        """Left to be started once more: safe mode is over."""
        self._session_over = asyncio.Event()
        self._broken: BaseException | None = None
        self._runner = SessionRunner(
            send=self._send,
            save=self._save_for_session,
            clock=clock,
            liveness=liveness,
            on_change=self._tell,
            on_end=self._session_ended,
            on_tone=sounds.play,
        )
        self._contact = ContactRunner(send=self._send, clock=clock, liveness=liveness, on_end=self._hear)
        self._taking_along = TakingAlong(
            store=store,
            clock=clock,
            find_sticks=find_sticks,
            step=lambda: self._visit.step,
            output_possible=lambda: self.output_possible,
            hear=self._hear,
            spawn=self._spawn,
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
        self._look_into_inbox()
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
            self._spawn(self._replace_guard(None))
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
            self._spawn(self._replace_guard(link))

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
        self._prepare_family()
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
                    self._spawn(self._save(effect))
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
                    self._spawn(self._check_pin(effect))
                case LoadCodeState():
                    self._spawn(self._load_code_state())
                case TryCode():
                    self._spawn(self._try_code(effect))
                case OpenLock():
                    self._spawn(self._open_lock(effect))
                case LoadHeld():
                    self._spawn(self._load_held())
                case TakeHeld(name):
                    self._spawn(self._take_held(name))
                case DeclineHeld(name):
                    self._spawn(self._decline_held(name))
                case LoadFamilyView():
                    self._spawn(self._load_family())
                case FindWords(wanted):
                    self._spawn(self._find_words(wanted))
                case LookForPlaces():
                    self._spawn(self._taking_along.look_for_places())
                case NewPassword():
                    self._taking_along.make_password()
                case SendOut():
                    self._taking_along.send_out(effect)
                case TakeFromStick(place):
                    self._spawn(self._taking_along.take_from_stick(Path(place)))
                case LoadToday():
                    self._spawn(self._load_today())
                case Speak():
                    self._sounds.read(self.page().spoken, words.language())
                case PlayTone(name):
                    self._sounds.play(name)
                case Choose():
                    self._choose(effect)
                case CheckBox():
                    self._spawn(self._check_box())
                case LeaveSafeMode():
                    self._spawn(self._leave_safe_mode())
                case Leave():
                    self.leave()

    def _choose(self, effect: Choose) -> None:
        """At once; what is chosen quickly one after the other is written as it stands in the end."""
        if effect.language is not None:
            words.set_language(effect.language)
        if effect.volume is not None:
            self._sounds.volume = effect.volume
            self._sounds.play("prompt")
        given = {name: value for name, value in msgspec.structs.asdict(effect).items() if value is not None}
        self._not_kept.update(given)
        self._spawn(self._keep_choices())

    async def _keep_choices(self) -> None:
        async with self._keeping:
            given, self._not_kept = self._not_kept, {}
            if not given:
                return
            try:
                if "letters" in given:
                    await asyncio.to_thread(self._write_letters, given["letters"])
                await asyncio.to_thread(
                    change_settings, self._store.folder, lambda kept: msgspec.structs.replace(kept, **given)
                )
            except KioskError as error:
                self._not_kept = {**given, **self._not_kept}
                self._hear(NotChosen(error.sentence))
            else:
                await self._sounds.prepare()
                if "letters" in given:
                    self.leave()  # the terminal reads the file when it starts

    def _write_letters(self, wanted: Letters) -> None:
        from kiosk import letters

        letters.write(Path(self._settings.config.kiosk.letters), letters.pixels_of(0), wanted)

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

    # ── what takes time ──

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None:
            failed = {"message": "a task failed", "exception": error, "task": task}
            asyncio.get_running_loop().call_exception_handler(failed)

    def _read(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Its failure is nobody's concern where nobody waits for it."""
        task = asyncio.get_running_loop().create_task(work)
        self._reading.add(task)
        task.add_done_callback(self._reading.discard)
        task.add_done_callback(lambda task: None if task.cancelled() else task.exception())
        return task

    async def _save(self, effect: Save | SaveScreening) -> None:
        try:
            if isinstance(effect, SaveScreening) and effect.id is not None:
                assert isinstance(effect.record, Screening)
                stored = await self._store.update_screening(effect.id, effect.record)
            elif isinstance(effect, Save) and isinstance(effect.record, Lock):
                lock = effect.record
                stored = await self._store.lock(lock.class_, lock.cause, lock.until)
            elif isinstance(effect, Save) and effect.corrects is not None:
                stored = await self._store.correct(effect.record, effect.corrects)
            else:
                event_time = effect.event_time if isinstance(effect, Save) else None
                stored = await self._store.add(effect.record, event_time)
        except KioskError as error:
            self._hear(SaveFailed(effect.tag, error.sentence))
        else:
            self._hear(Saved(effect.tag, stored))

    async def _save_for_session(self, record: Record, corrects: str | None) -> str:
        if corrects is None:
            stored = await self._store.add(record)
        else:
            stored = await self._store.correct(record, corrects)
        return stored.envelope.id

    async def _check_pin(self, effect: CheckPin) -> None:
        try:
            result = await self._access.check_pin(effect.role, effect.pin)
        except KioskError as error:
            self._hear(PinChecked(False, 0, error.sentence))
        else:
            self._hear(PinChecked(result.ok, result.wait_s))

    async def _load_code_state(self) -> None:
        try:
            state = await asyncio.to_thread(self._read_apart, unlocking.state_of)
        except KioskError as error:
            self._hear(CodeStateLoaded(None, error.sentence))
        else:
            self._hear(CodeStateLoaded(state))

    async def _try_code(self, effect: TryCode) -> None:
        try:
            result = await self._unlocking.try_code(effect.number, effect.typed)
        except KioskError as error:
            self._hear(CodeTried(None, error.sentence))
        else:
            self._hear(CodeTried(result))

    async def _open_lock(self, effect: OpenLock) -> None:
        try:
            self._access.must_be_here("clinician")
            result = await self._unlocking.open_at_box(effect.number)
        except KioskError as error:
            self._hear(CodeTried(None, error.sentence))
        else:
            self._hear(CodeTried(result))

    async def _load_held(self) -> None:
        try:
            held = await asyncio.to_thread(self._read_apart, handed_in.held)
        except KioskError as error:
            self._hear(HeldLoaded(None, error.sentence))
        else:
            self._hear(HeldLoaded(held))

    async def _take_held(self, name: str) -> None:
        try:
            self._access.must_be_here("clinician")
            order = await handed_in.take_held(self._store, name)
        except (KioskError, PrescriptionError) as error:
            self._hear(HeldDone(error.sentence))
        else:
            self._hear(TakenIn((handed_in.news_of(order),)))
            self._hear(HeldDone())

    async def _decline_held(self, name: str) -> None:
        try:
            self._access.must_be_here("clinician")
            await handed_in.decline_held(self._store, name)
        except KioskError as error:
            self._hear(HeldDone(error.sentence))
        else:
            self._hear(HeldDone())

    async def _check_box(self) -> None:
        from kiosk.ops.box_check import check_box  # Only an installer in safe mode comes here.

        harmless = self._settings.kind == "simulated"
        file = self._settings.config_file
        checking = self._read(check_box(self._store.folder, file, words.language(), harmless=harmless))
        await asyncio.wait({checking})
        if not checking.cancelled():
            self._hear(checking.result())

    async def _leave_safe_mode(self) -> None:
        try:
            await asyncio.to_thread(starts.leave_safe_mode, self._store.folder)
        except OSError as error:
            self._hear(BoxChecked(sentence=cannot_use(self._store.folder, error).sentence))
        else:
            self.begins_again = True
            self.leave()

    async def _take_in(self) -> None:
        """What was handed in beside the running kiosk; what fails here is tried again at the next time."""
        try:
            taken = await handed_in.take_all(self._store)
        except KioskError:
            log.exception("the inbox is not taken in")
        else:
            if taken:
                self._hear(TakenIn(tuple(handed_in.news_of(order) for order in taken)))

    def _look_into_inbox(self) -> None:
        """Somebody may hand something in beside the running kiosk: on home it is taken in within seconds. The
        diary is checked in idle moments."""
        if self._left.is_set():
            return
        damage = self._store.damage
        if damage != self._damage:
            self._hear(DiaryChecked(damage.months, damage.cut_short and not self._damage.cut_short))
            self._damage = damage
        if self._visit.step == "home" and inbox.is_waiting(self._store.folder):
            self._spawn(self._load_today())
        asyncio.get_running_loop().call_later(INBOX_EVERY_S, self._look_into_inbox)

    async def _load_family(self) -> None:
        try:
            view = await (self._family or self._read_family())
        except KioskError as error:
            self._hear(FamilyNotLoaded(error.sentence))
        else:
            self._hear(FamilyLoaded(view))

    async def _find_words(self, wanted: str) -> None:
        """Given up when the family leaves: nothing heavy goes on beside what comes then."""
        from kiosk.review.child import found_in_child

        searching = self._read(found_in_child(self._store.folder, self._clock, wanted, words.language()))
        if self._searching is not None:
            self._searching.cancel()
        self._searching = searching
        await asyncio.wait({searching})
        if searching.cancelled():
            return
        error = searching.exception()
        if error is None:
            self._hear(WordsFound(searching.result()))
        elif isinstance(error, KioskError):
            self._hear(WordsFound(None, error.sentence))
        else:
            raise error

    def _prepare_family(self) -> None:
        """The diary is read while the PIN is typed; the view is dropped when that screen is left."""
        if self._visit.step == "pin" and not self._left.is_set():
            if self._family is None and self._loop is not None and not self.output_possible:
                self._family = self._read_family()
        elif self._family is not None:
            self._family.cancel()
            self._family = None

        if self._searching is not None and self._visit.context.family is None:
            self._searching.cancel()
            self._searching = None

    def _read_family(self) -> asyncio.Task[FamilyView]:
        from kiosk.review.child import family_view_in_child

        outbox = self._settings.config.sync.outbox
        return self._read(family_view_in_child(self._store.folder, self._clock, outbox))

    async def _load_today(self) -> None:
        if self._visit.step == "home":
            await self._take_in()
        try:
            found = await asyncio.to_thread(self._read_apart, self._today)
        except KioskError as error:
            self._hear(TodayNotLoaded(error.sentence))
        else:
            self._hear(TodayLoaded(*found))
            if self._settings.config.kiosk.cards:
                emergency = self._visit.context.setting.emergency_number
                await self._taking_along.print_cards(found[1], emergency)

    def _today(self, reader: StoreReader) -> tuple[Today, AlertsNow, bool, bool]:
        # Kept off the path to the first screen: nothing is told before the diary was read.
        from kiosk.diary.shortening import Memory
        from kiosk.review.alerts import read_alerts

        if self._memory is None:
            self._memory = Memory()
        reader = self._memory.shortened(reader)
        today = self._read_today(reader, self._clock, self._settings.device_kind)
        alerts = read_alerts(reader, today)
        return today, alerts, self._access.has_pin("patient"), self._access.has_pin("clinician")

    def _read_apart(self, read: Callable[[StoreReader], T]) -> T:
        """In a thread, with a reader of its own: the store's belongs to the loop's."""
        return read(open_reader(self._store.folder, self._clock))

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
        while self._tasks or self._reading:
            self._taking_along.close()
            for task in self._reading:
                task.cancel()
            await asyncio.gather(*self._tasks, *self._reading, return_exceptions=True)
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
