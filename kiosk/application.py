"""One run of the kiosk: joins flow, session, guard, diary and screen, and decides nothing itself.

`kiosk.visit.flow` and `kiosk.session.machine` say what is to be done; here it is done, and the results go
back to them as events. Everything runs on the screen's loop. What can stop a current is done at once; files
and PINs are errands (`kiosk.errands`), in threads and child processes, so that a key never waits for them.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from drivers import messages as guard
from kiosk import guard_unit, today, words
from kiosk.access.pins import Access
from kiosk.clock import Clock
from kiosk.config import Sync, emergency_number
from kiosk.diary.settings_file import Settings, SettingsError
from kiosk.diary.store import Store
from kiosk.errands.runner import ErrandRunner
from kiosk.errands.tasks import Tasks, wait_at_most
from kiosk.errands.today import ReadToday
from kiosk.events import (
    BeginContactCheck,
    BeginSession,
    DeviceSeen,
    Effect,
    Event,
    Leave,
    OutputUnknown,
    PlayTone,
    SessionEnded,
    SessionKey,
    SessionOutcome,
    Speak,
    StartStopTest,
    StopContactCheck,
    Woke,
)
from kiosk.export.outgoing import Places
from kiosk.export.stick import find_sticks
from kiosk.guard_line import LEAVE_WITHIN_S, GuardLine
from kiosk.keys import Key
from kiosk.page import Page
from kiosk.session.contact import ContactRunner
from kiosk.session.lease import Liveness
from kiosk.session.runner import SessionRunner
from kiosk.session.state import SessionState
from kiosk.session.stop_test import StopTest
from kiosk.session.waking import Waking
from kiosk.settings import RunSettings
from kiosk.simulator import running_simulator
from kiosk.sound.player import SILENT, Sounds
from kiosk.terminal.reader import NO_KEY
from kiosk.trainer import Trainer
from kiosk.visit import flow
from kiosk.visit.state import Chosen, Moment, Result, Setting

if TYPE_CHECKING:
    from kiosk.sync.presence import Presence

log = logging.getLogger(__name__)


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
        self._guard = GuardLine(
            settings=settings,
            left=self._left,
            spawn=self._tasks.spawn,
            on_message=self._heard,
            on_gone=self._guard_gone,
            on_missing=lambda missing: self._hear(DeviceSeen(missing)),
        )
        self._trainer = Trainer(settings.device_kind)
        self._errands = ErrandRunner(
            settings=settings,
            store=store,
            access=access,
            sounds=sounds,
            tasks=self._tasks,
            read_today=read_today,
            find_sticks=find_sticks,
            visit=lambda: self._visit,
            output_possible=lambda: self.output_possible,
            hear=self._hear,
            leave=self.leave,
            begin_again=self._begin_again,
        )
        self._runner = SessionRunner(
            send=self._guard.send,
            save=self._errands.saving.for_session,
            clock=clock,
            liveness=liveness,
            on_change=self._tell,
            on_end=self._session_ended,
            on_tone=sounds.play,
        )
        self._stop_test = StopTest(
            send=self._guard.send,
            clock=clock,
            on_event=self._hear,
            button_alone=settings.stop_button_alone,
        )
        self._contact = ContactRunner(
            send=self._guard.send, clock=clock, liveness=liveness, on_end=self._hear
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
            stop_button_alone=settings.stop_button_alone,
            recipient=_recipient(settings.config.sync),
        )
        self._presence = _presence(settings, store.folder)
        chosen = Chosen(sounds.volume, kept.reminders, kept.letters or "usual")
        self._visit, self._first_effects = flow.start(setting, self._moment(), chosen)

    # ── for the renderer (Conductor) ──

    @property
    def output_possible(self) -> bool:
        """An arming, the contact check or the STOP test is live: every unknown byte is a stop."""
        return any(one.output_possible for one in (self._stop_test, self._contact, self._runner))

    @property
    def simulated(self) -> bool:
        """The guard reports a simulator: the trainers' key and their panel exist."""
        device = self._guard.device
        return device is not None and device.simulated

    @property
    def session(self) -> SessionState | None:
        """The last session's state; None before the first."""
        return self._runner.state

    @property
    def unsaved(self) -> int:
        """How many entries the diary did not take."""
        return self._visit.context.saves.waiting

    def page(self) -> Page:
        """What stands on the screen."""
        return self._trainer.over(self._page_of_visit(), simulated=self.simulated)

    def _page_of_visit(self) -> Page:
        return flow.page(self._visit, self._moment(), self._runner.state)

    def on_change(self, callback: Callable[[], None]) -> None:
        """`callback` whenever the page may have changed."""
        self._changed.append(callback)

    def press(self, key: Key) -> None:
        """A key of the person, or of a trainer."""
        key = Key.UNKNOWN if key is Key.TRAINER and not self.simulated else key
        if self._trainer.takes(
            key, self._page_of_visit, simulated=self.simulated, output_possible=self.output_possible
        ):
            self._tell()
            return
        self._sounds.hush()
        if key is Key.STOP:
            self._stop_test.press_stop()
        self._take(flow.press(self._visit, key, self._moment()))

    def write(self, text: str) -> None:
        """A character of a text that is typed."""
        self._sounds.hush()
        self._take(flow.write(self._visit, text, self._moment()))

    def stop_from_input_thread(self, source: str) -> None:
        """From any thread: the datagram leaves before this returns; the loop hears of it afterwards."""
        self._guard.stop_now(self._stop_why(source))
        if self._loop is not None:
            try:
                self._loop.call_soon_threadsafe(self.press, Key.STOP)
            except RuntimeError:
                log.warning("a stop came after the end of the loop")

    def _stop_why(self, source: str) -> str:
        """A key is the person, whatever its name: the guard's word may be heard before the key itself."""
        if self._stop_test.output_possible:
            return "test"
        return source if source in NO_KEY else "person"

    def terminal_answered(self, monotonic_s: float) -> None:
        """The liveness object that the driver feeds is asked directly; nothing is kept here."""

    def leave(self) -> None:
        """Output to zero, then the end of `run`."""
        self._contact.request_stop("shutdown")
        self._runner.request_stop("shutdown")
        self._guard.stop_for_good("shutdown")
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
        settings = self._settings
        port = settings.port
        if settings.simulator is not None and not settings.safe_mode:
            simulator = await stack.enter_async_context(running_simulator(settings.simulator))
            self._trainer.simulator, port = simulator, str(simulator.port)
        settings.guard_folder.mkdir(exist_ok=True)
        if settings.safe_mode:
            self._guard.miss("The box is in safe mode.")
        else:
            self._guard.take_up(port)
        with contextlib.suppress(SettingsError):  # home says it, and that there is no therapy
            await self._access.set_demo_pin()
        await self._sounds.prepare()
        self._tasks.spawn(self._errands.diary_watch.watch(self._left))
        await self._left.wait()
        return await self._end()

    def _broke(self, _loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """A mistake of our own in a callback: no lease, a stop, and the end.

        A picture that no longer follows must not stand over a live current (safety rule 9).
        """
        what = _what_broke(context)
        self._broken = context.get("exception") or RuntimeError(what)
        log.critical("%s", what, exc_info=self._broken)
        self._let_go()
        self._guard.stop_for_good("kiosk_error")
        self._left.set()

    # ── the guard ──

    def _heard(self, message: guard.FromGuard) -> None:
        match message:
            case guard.Device():
                self._store.set_device(message.device_id)
                self._hear(DeviceSeen(guard_unit.admitted(self._settings, message)))
            case guard.Stopped(confirmed=False) if not self.output_possible:
                # Nobody else waits for this stop, and would say what became of it.
                self._hear(OutputUnknown(message.why))
            case _:
                pass
        self._stop_test.hear(message)
        self._contact.hear(message)
        self._runner.hear(message)

    def _guard_gone(self) -> None:
        self._contact.guard_gone()
        self._runner.guard_gone()
        self._stop_test.guard_gone()

    def _let_go(self) -> None:
        """No lease any more, whatever is heard: the guard stops by itself."""
        self._stop_test.close()
        self._contact.close()
        self._runner.close()

    # ── events and effects ──

    def _moment(self) -> Moment:
        return Moment(self._clock.now(), self._clock.monotonic_s(), self._clock.boottime_ns() / 1e9)

    def _hear(self, event: Event) -> None:
        self._take(flow.hear(self._visit, event, self._moment()))

    def _take(self, result: Result) -> None:
        if self._over:
            return
        self._visit, effects = result
        self._errands.follow(self._visit, may_read=self._loop is not None and not self._left.is_set())
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
                case StartStopTest():
                    self._stop_test.begin()
                case BeginContactCheck(channels):
                    self._contact.begin(channels, self._guard.epoch)
                case StopContactCheck():
                    self._contact.request_stop("person")
                case BeginSession():
                    self._begin(effect)
                case SessionKey(key):
                    self._runner.press(key)
                case Speak():
                    self._sounds.read(self.page().spoken, words.language())
                case PlayTone(name):
                    self._sounds.play(name)
                case Leave():
                    self.leave()
                case _:
                    self._errands.send(effect)

    def _begin(self, effect: BeginSession) -> None:
        self._session_over.clear()
        self._runner.begin(
            effect.plan,
            device_kind=self._settings.device_kind,
            last_epoch=self._guard.epoch,
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

    def _begin_again(self) -> None:
        self.begins_again = True
        self.leave()

    # ── the end ──

    async def _end(self) -> int:
        """Waits for the stop and for the guard's own word on the output."""
        if self._runner.output_possible and self._broken is None:
            # The stop is under way: its outcome belongs into the diary.
            await wait_at_most(self._session_over, LEAVE_WITHIN_S)
        self._let_go()
        return 0 if await self._guard.hang_up() else 1

    async def _leave_nothing_behind(self) -> None:
        """However it came to the end: what is only read is given up, what is written is waited for."""
        self._left.set()
        self._let_go()
        await self._guard.close()
        try:
            await self._runner.drain()
        finally:
            await self._errands.wind_up()
            self._take(flow.save_at_last(self._visit))
            await self._errands.wind_up()
        self._over = True
        self._waking.at(None)
        await self._sounds.close()


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
