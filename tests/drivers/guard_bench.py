"""What the guard's tests share: a stimulator in memory that keeps a log, plans, a client at the socket."""

from __future__ import annotations

import asyncio
import select
import selectors
import socket
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import wraps
from typing import Any

from drivers import messages as m
from drivers.build import build_id
from drivers.guard.lease import Now
from drivers.guard.process import Guard
from drivers.stimulator import (
    Capabilities,
    Identity,
    NoAnswer,
    ProbePulse,
    Quantity,
    Reading,
    Recording,
    Refused,
    Running,
    StimulatorError,
    StopOutcome,
    Targets,
)
from drivers.tally import Tally
from drivers.virtual import tissue

P24_LIKE = Capabilities(
    channels=8,
    step_half_mA=1,
    max_half_mA=260,
    min_pulse_width_us=10,
    max_pulse_width_us=4095,
    watchdog_s=2.0,
    measures_contact=True,
)

CONTINUOUS = m.Pattern("continuous", up_ms=1_000)
CYCLE = m.Pattern("cycle", up_ms=2_000, on_ms=6_000, down_ms=1_000, off_ms=9_000)


def phase(role: str = "work", **changes: Any) -> m.Phase:
    """A tens phase of one minute; anything may be changed."""
    plain = m.Phase(
        role=role,  # type: ignore[arg-type]
        duration_ms=60_000,
        channel=1 if role == "find" else None,
        pulse_width_us=200,
        frequency_mHz=80_000,
        pattern=CONTINUOUS,
        scale_permille=400 if role in ("warm_up", "cool_down") else 1000,
    )
    return replace(plain, **changes)


def plan(*phases: m.Phase, kind: str = "tens") -> m.GuardPlan:
    return m.GuardPlan(kind, phases or (phase(),))  # type: ignore[arg-type]


def limit(channel: int = 1, **changes: Any) -> m.ChannelLimit:
    return replace(m.ChannelLimit(channel, 40, 4500, known_level=True), **changes)


def arm(epoch: int = 1, the_plan: m.GuardPlan | None = None, *limits: m.ChannelLimit) -> m.Arm:
    return m.Arm(epoch, the_plan or plan(), limits or (limit(),))


def recording(
    pulse: ProbePulse, lead: tissue.Lead | None, *, noise: Callable[[], float] = lambda: 0.0, late: int = 0
) -> Recording:
    """What a P24 would measure on this lead; `noise` in mA or V, `late` samples before the pulse begins."""
    current_mA = pulse.half_mA / 2
    points = [(pulse.pulse_width_us, current_mA), (100, 0.0), (pulse.pulse_width_us, -current_mA)]
    measured = tissue.measure(lead, points, 150.0, 128)
    of = 0 if pulse.measures == "current" else 1
    values = [0.0] * late + [sample[of] for sample in measured.samples]
    hundredths = tuple(round(abs(value + noise()) * 100) for value in values[:128])
    return Recording(pulse, measured.sampling_us, hundredths)


@dataclass
class FakeStimulator:
    """Does what it is told at once, unless a test says otherwise. `log` is what the device saw, in order."""

    device_id: str = "SIM0000001"
    kind: str = "p24"
    capabilities: Capabilities = P24_LIKE
    how_to_cut_output: str = "p24_unplug_supply"
    on_trouble: Callable[[StimulatorError], None] | None = None
    log: list[tuple[str, Any]] = field(default_factory=list)
    output: dict[int, int] = field(default_factory=dict)
    running: Running = Running.OFF
    confirms: bool = True
    fails: dict[str, Exception] = field(default_factory=dict)
    """Method → what it raises, from now on."""
    hold: asyncio.Event | None = None
    """While set, `apply` waits for it: an acknowledgement that does not come."""
    stop_hold: asyncio.Event | None = None
    stop_fault: str = ""
    """What the stop finds out of the device."""
    leads: dict[int, tissue.Lead | None] = field(default_factory=dict)
    """Channel → what its pads lie on; a good lead where none is named."""
    begin_probe_takes_s: float = 0.0
    probe_takes_s: float = 0.001
    """From a pulse to its answer."""
    pulses: tuple[ProbePulse, ...] | None = None
    """What it wants to probe with, in place of what is right."""
    probing: bool = False
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def _note(self, what: str, value: Any = None) -> None:
        self.log.append((what, value))
        self.changed.set()

    def _fail(self, method: str) -> None:
        if method in self.fails:
            raise self.fails[method]

    def refusal(self, targets: Targets) -> str | None:
        return "It does not fit." if any(t.half_mA > 200 for t in targets) else None

    async def identify(self) -> Identity:
        self._note("identify")
        self._fail("identify")
        if not self.confirms:
            raise NoAnswer("It does not answer.")
        self.running, self.output = Running.OFF, {}
        return Identity(self.kind, self.device_id, "0.0.1", "4.0.0", firmware_tested=True)

    async def initialise(self) -> None:
        self._note("initialise")
        self._fail("initialise")
        self.running = Running.READY

    async def apply(self, targets: Targets) -> None:
        if self.running is Running.OFF:
            raise Refused("It was stopped.")
        self._fail("apply")
        self.running = Running.RUNNING
        self.output = {target.channel: target.half_mA for target in targets}
        self._note("output", targets)
        if self.hold is not None:
            await self.hold.wait()

    def probe_pulses(self, channels: tuple[int, ...]) -> tuple[ProbePulse, ...]:
        rounds: tuple[tuple[Quantity, int], ...] = (("voltage", 3), ("current", 2))
        return self.pulses or tuple(
            ProbePulse(channel, 4, 100, measures)
            for measures, times in rounds
            for _ in range(times)
            for channel in channels
        )

    async def begin_probe(self, measures: Quantity) -> None:
        self._note("begin_probe", measures)
        self._fail("begin_probe")
        await asyncio.sleep(self.begin_probe_takes_s)
        self.running, self.probing = Running.READY, True

    async def probe(self, pulse: ProbePulse) -> Recording:
        if not self.probing:
            raise Refused("It was stopped.")
        self._fail("probe")
        self._note("probe", pulse)
        await asyncio.sleep(self.probe_takes_s)
        lead = self.leads.get(pulse.channel, tissue.GOOD)
        return recording(pulse, lead)

    async def check(self) -> Reading:
        self._fail("check")
        return Reading(self.running)

    def stop_now(self) -> None:
        self._note("stop_now")
        self.probing = False
        if self.confirms:
            self.running, self.output = Running.OFF, {}

    async def stop(self) -> StopOutcome:
        self._note("stop")
        if self.stop_hold is not None:
            await self.stop_hold.wait()
        self._fail("stop")
        if not self.confirms:
            return StopOutcome(False, 3, "no answer, 3 s silence", fault=self.stop_fault)
        return StopOutcome(True, 1, "off", time.monotonic(), self.stop_fault)

    async def close(self) -> None:
        self._note("close")

    @property
    def flowing(self) -> bool:
        return any(self.output.values())

    def names(self) -> list[str]:
        return [name for name, _value in self.log]


class VirtualTime(selectors.DefaultSelector):
    """Whoever would wait, jumps: the loop's time is a number that moves by what was to be slept."""

    def __init__(self) -> None:
        super().__init__()
        self.now_s = 1_000.0
        self.slept_ms = 0
        """Of a suspend, which only CLOCK_BOOTTIME counts."""

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        events = super().select(0)
        if not events and self._something_arrived():
            events = super().select(1)
        if not events:
            assert timeout is not None, "waiting for ever"
            self.now_s += timeout
        return events

    def _something_arrived(self) -> bool:
        """What is on its way through a pty arrives when the file is asked anew; epoll waits to be told."""
        asked = select.poll()
        for key in self.get_map().values():
            if key.events & selectors.EVENT_READ:
                asked.register(key.fd, select.POLLIN)
        return any(said & select.POLLIN for _, said in asked.poll(0))

    def __call__(self) -> Now:
        ms = int(self.now_s * 1000)
        return Now(ms, ms + self.slept_ms)


class VirtualLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self.clock = VirtualTime()
        super().__init__(self.clock)

    def time(self) -> float:
        return self.clock.now_s


class Client:
    """The other end of the guard's socket."""

    def __init__(self, guard: Guard, sock: socket.socket, device: FakeStimulator, clock: VirtualTime) -> None:
        self.guard, self.device, self.clock = guard, device, clock
        self.sock = sock
        self.heard: list[Any] = []
        self._n = 0
        self._news = asyncio.Event()
        self._leasing: asyncio.Task[None] | None = None
        self.result: asyncio.Task[int] | None = None
        sock.setblocking(False)
        asyncio.get_running_loop().add_reader(sock, self._readable)

    def _readable(self) -> None:
        try:
            datagram = self.sock.recv(20_000)
        except BlockingIOError:
            return
        except OSError:
            datagram = b""
        if not datagram:
            asyncio.get_running_loop().remove_reader(self.sock)
        else:
            self.heard.append(m.decode(datagram, m.FromGuard))
        self._news.set()

    def send(self, message: m.ToGuard) -> None:
        self.sock.send(m.encode(message))

    def send_raw(self, datagram: bytes) -> None:
        self.sock.send(datagram)

    def lease(self, epoch: int, **changes: Any) -> None:
        self._n += 1
        self.send(replace(m.Lease(epoch, self._n, self.clock().boot_ms * 1_000_000), **changes))

    def keep_lease(self, epoch: int) -> None:
        """Renew ten times a second from now on."""

        async def renew() -> None:
            while True:
                self.lease(epoch)
                await asyncio.sleep(0.1)

        self._leasing = asyncio.get_running_loop().create_task(renew())

    def stop_leasing(self) -> None:
        if self._leasing is not None:
            self._leasing.cancel()
            self._leasing = None

    def close(self) -> None:
        self.stop_leasing()
        if self.sock.fileno() < 0:
            return
        asyncio.get_running_loop().remove_reader(self.sock)
        self.sock.close()

    async def until(self, wanted: Callable[[Any], bool], after: int = 0) -> Any:
        """The first message that fits, from position `after` on; heard already or still to come."""
        async with asyncio.timeout(600):
            while True:
                for message in self.heard[after:]:
                    if wanted(message):
                        return message
                self._news.clear()
                await self._news.wait()

    async def until_state(self, state: str, after: int = 0) -> m.Status:
        return await self.until(lambda x: isinstance(x, m.Status) and x.state == state, after)  # type: ignore[no-any-return]

    async def until_type(self, kind: type[Any], after: int = 0) -> Any:
        return await self.until(lambda x: isinstance(x, kind), after)

    def mark(self) -> int:
        return len(self.heard)

    def of(self, kind: type[Any], after: int = 0) -> list[Any]:
        return [message for message in self.heard[after:] if isinstance(message, kind)]

    async def hello(self) -> None:
        self.send(m.Hello(m.PROTOCOL_VERSION, build_id()))
        await self.until_state("idle")

    async def stop_test(self) -> None:
        mark = self.mark()
        self.send(m.Test())
        await self.until_state("testing", mark)
        self.send(m.Stop("test"))
        await self.until_type(m.Stopped, mark)
        await self.until_state("idle", mark)

    async def armed(self, message: m.Arm | None = None) -> m.Status:
        """Through STOP test and arming to the first plateau."""
        message = message or arm()
        await self.hello()
        await self.stop_test()
        mark = self.mark()
        self.send(message)
        self.keep_lease(message.epoch)
        return await self.until(lambda x: isinstance(x, m.Status) and x.may_raise, mark)  # type: ignore[no-any-return]

    async def raised(self, half_mA: int, channel: int = 1, epoch: int = 1) -> None:
        """A level that the device has acknowledged."""
        mark = self.mark()
        self.send(m.Level(epoch, channel, half_mA))
        await self.until(
            lambda x: (
                isinstance(x, m.Status)
                and any(ch.channel == channel and ch.applied_half_mA == half_mA for ch in x.channels)
            ),
            mark,
        )

    async def ask(self, message: m.ToGuard) -> m.Refused:
        """The refusal of a request that has to be refused."""
        mark = self.mark()
        self.send(message)
        return await self.until_type(m.Refused, mark)  # type: ignore[no-any-return]


@asynccontextmanager
async def guarded(
    device: FakeStimulator | None = None,
    *,
    open_device: Callable[[], FakeStimulator] | None = None,
    simulated: bool = True,
    device_id: str | None = None,
    tally: Tally | None = None,
) -> AsyncIterator[Client]:
    """A guard on a fake device, and its one client; both are gone at the end. Needs `in_virtual_time`."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    device, clock = device or FakeStimulator(), virtual_time()
    guard = Guard(
        "p24",
        open_device or (lambda: device),
        simulated=simulated,
        client=theirs,
        device_id=device_id,
        tally=tally,
        now=clock,
    )
    client = Client(guard, ours, device, clock)
    client.result = asyncio.get_running_loop().create_task(guard.run())
    try:
        yield client
    finally:
        client.close()
        if device.stop_hold is not None:
            device.stop_hold.set()
        await asyncio.wait_for(client.result, 30)


def virtual_time() -> VirtualTime:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    return loop.clock


def in_virtual_time(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """The async test as a plain one, on a loop where waiting takes no time."""

    @wraps(test)
    def run(*args: Any, **kwargs: Any) -> None:
        loop = VirtualLoop()
        try:
            loop.run_until_complete(test(*args, **kwargs))
        finally:
            loop.close()

    return run
