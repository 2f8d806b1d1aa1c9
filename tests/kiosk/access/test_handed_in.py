"""What comes by file: checked, for this box alone, once; beside a running kiosk it waits in the inbox."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kiosk import cli
from kiosk.access import codes, handed_in, signed
from kiosk.diary import inbox
from kiosk.diary.prescriptions import newest_installed
from kiosk.diary.records import Unlock
from kiosk.errors import KioskError
from programs import library
from tests.kiosk.access.boxes import Box

EXAMPLE = library.prescription_example()


def serial(number: int) -> bytes:
    return EXAMPLE.replace("serial = 1 ", f"serial = {number} ").encode()


def unlocks(of: Box, lock: int, /, **changes: object) -> signed.Unlocks:
    assert of.enrolment is not None
    plain = signed.Unlocks(of.enrolment.box, lock, "Dr. Example", dt.date(2026, 11, 20), "seen today")
    return msgspec.structs.replace(plain, **changes)


@pytest.fixture
def make(box: Box, tmp_path: Path) -> Callable[[signed.Body], bytes]:
    key = box.private_key_file(tmp_path / "clinic.pem")
    return lambda body: signed.sign(body, key)


async def hand_in_and_take(box: Box, content: bytes) -> None:
    inbox.put(box.folder, handed_in.SIGNED, content)
    await handed_in.take_all(box.store)


async def test_a_signed_file_opens_its_lock_and_no_other(
    box: Box, make: Callable[[signed.Body], bytes]
) -> None:
    await box.store.lock("E", "rf_ces")
    await box.store.lock("U", "rf_fx")
    await hand_in_and_take(box, make(unlocks(box, 2)))
    assert box.open_numbers() == [1]
    opened = box.store.all("unlocks")[0].record
    assert isinstance(opened, Unlock)
    assert (opened.by, opened.note) == ("file", "Dr. Example, 2026-11-20; seen today")
    await hand_in_and_take(box, make(unlocks(box, 2, note="again")))
    assert box.open_numbers() == [1], "a lock opens once"
    assert len(box.store.all("unlocks")) == 1


async def test_what_is_not_for_this_box_from_this_clinic_and_whole_changes_nothing(
    box: Box, tmp_path: Path, make: Callable[[signed.Body], bytes]
) -> None:
    await box.store.lock("E", "rf_ces")
    stranger = Box(tmp_path / "other")
    foreign = signed.sign(unlocks(box, 1), stranger.private_key_file(tmp_path / "stranger.pem"))
    stranger.store.close()
    good = make(unlocks(box, 1))
    wrong = {
        "another clinic": foreign,
        "for box": make(unlocks(box, 1, box="0000-0000")),
        "no such lock": make(unlocks(box, 7)),
        "was changed": good.replace(b"Dr. Example", b"Dr. Somebody"),
        "not whole": good[:-40],
    }
    for sentence, content in wrong.items():
        with pytest.raises(KioskError, match=sentence):
            handed_in.order_in(box.store, content, "file")
        await hand_in_and_take(box, content)
    assert box.open_numbers() == [1]
    assert inbox.waiting(box.folder) == ()
    assert len(list((box.folder / inbox.INBOX / inbox.REFUSED).iterdir())) == len(wrong)


async def test_a_file_for_the_enrolment_before_opens_nothing(
    box: Box, make: Callable[[signed.Body], bytes]
) -> None:
    await box.store.lock("E", "rf_ces")
    old = make(unlocks(box, 1))
    box.enrol(again=True)
    await hand_in_and_take(box, old)
    assert box.open_numbers() == [1]


def test_any_part_of_a_signed_file_is_refused_with_a_sentence(
    box: Box, make: Callable[[signed.Body], bytes]
) -> None:
    whole = make(unlocks(box, 1))
    for length in range(1, len(whole) - 2):
        with pytest.raises(KioskError):
            handed_in.order_in(box.store, whole[:length], "file")


async def test_prescriptions_wait_for_the_running_kiosk_and_the_serial_only_grows(box: Box) -> None:
    for number, at_once in ((3, False), (4, False)):
        _, taken = handed_in.hand_in(box.folder, "simulated", serial(number), "rx.toml", box.clock)
        assert taken is at_once
    with pytest.raises(KioskError, match="prescription 4 waits to be taken in; expected 5 or more"):
        handed_in.hand_in(box.folder, "simulated", serial(2), "rx.toml", box.clock)
    assert newest_installed(box.store) is None
    taken_in = await handed_in.take_all(box.store)
    assert [handed_in.news_of(order).rule for order in taken_in] == ["prescription_installed"] * 2
    installed = newest_installed(box.store)
    assert installed is not None
    assert installed.prescription.serial == 4
    with pytest.raises(KioskError, match="prescription 4 is installed already"):
        handed_in.hand_in(box.folder, "simulated", serial(4), "rx.toml", box.clock)


async def test_a_power_cut_between_diary_and_inbox_installs_nothing_twice(
    box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    inbox.put(box.folder, handed_in.PRESCRIPTION, serial(3))

    def cut(*_: object) -> None:
        raise OSError(5, "power")

    with monkeypatch.context() as power:
        power.setattr(inbox, "done", cut)
        with pytest.raises(KioskError):
            await handed_in.take_all(box.store)
    box.restart()
    await handed_in.take_all(box.store)
    assert len(box.store.facts("prescriptions")) == 1
    assert inbox.waiting(box.folder) == ()
    assert not (box.folder / inbox.INBOX / inbox.REFUSED).exists()


# ── the commands ──


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    code = cli.main([str(argument) for argument in arguments])
    said = capsys.readouterr()
    return code, said.out, said.err


def test_from_enrolment_to_code_and_signed_file(
    box: Box, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    private = box.private_key_file(tmp_path / "clinic.pem")
    public = box.public_key_file(tmp_path / "clinic.pub")
    data = tmp_path / "new"
    code, out, _ = run(capsys, "enrol", "--data", data, "--clinic-key", public)
    assert code == 0
    name = out.split()[1]
    secret = next(line.strip() for line in out.splitlines() if line.startswith("    "))
    assert run(capsys, "enrol", "--data", data)[0] == 1, "the secret is shown once"

    (tmp_path / "secret").write_text(secret)
    code, out, _ = run(capsys, "unlock-code", name, "12", "--secret-file", tmp_path / "secret")
    assert code == 0
    expected = codes.one_time_code(codes.secret_from_typed(secret), name, 12, 0)
    assert out.splitlines()[0].replace(" ", "") == expected

    (tmp_path / "rx.toml").write_bytes(serial(5))
    signed_file = tmp_path / "rx.signed"
    arguments = ("sign", "prescription", name, tmp_path / "rx.toml", "--key", private, "--out", signed_file)
    assert run(capsys, *arguments)[0] == 0
    assert run(capsys, "take", signed_file, "--data", data)[0] == 0
    assert run(capsys, "take", signed_file, "--data", data)[0] == 1, "an old serial"
    assert run(capsys, "take", tmp_path / "rx.toml", "--data", data)[0] == 2
    for wrong in (private, tmp_path / "nowhere", tmp_path / "rx.toml"):
        assert run(capsys, "enrol", "--again", "--data", data, "--clinic-key", wrong)[0] == 2


def test_the_template_is_the_commented_example(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "prescribe", "--template") == (0, EXAMPLE, "")
    assert run(capsys, "prescribe")[0] == 2


LINES = EXAMPLE.splitlines()


@st.composite
def spoilt(draw: st.DrawFn) -> bytes:
    """The example with lines lost, doubled, cut or replaced; or anything at all."""
    lines = list(LINES)
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(lines) - 1))
        key = lines[at].split("=")[0]
        value = draw(
            st.sampled_from(["-1", "1e400", "nan", "[]", '""', "true", "{}", "0x", "9" * 400, "1979-05-27"])
        )
        lines[at] = draw(
            st.sampled_from(["", f"{key}= {value}", lines[at] + lines[at], draw(st.text(max_size=8))])
        )
    return draw(st.one_of(st.just("\n".join(lines).encode("utf-8", "replace")), st.binary(max_size=80)))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=spoilt())
def test_whatever_the_file_holds_it_is_well_or_answered_by_a_sentence(
    box: Box, capsys: pytest.CaptureFixture[str], content: bytes
) -> None:
    file = box.folder.parent / "mine.toml"
    file.write_bytes(content)
    for command in ("prescribe", "take"):
        code, _, err = run(capsys, command, file, "--data", box.folder)
        assert code in (0, 1, 2)
        assert "Something went wrong" not in err
        assert (code == 0) == (err == "")
        if code:
            assert err.startswith("homestim: ")


async def send_and_take(box: Box, content: bytes) -> None:
    inbox.put(box.folder, handed_in.SENT, content)
    await handed_in.take_all(box.store)


def with_serial(number: int, *changes: tuple[str, str]) -> str:
    text = serial(number).decode()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return text


async def test_what_came_over_the_network_lowers_at_once(
    box: Box, make: Callable[[signed.Body], bytes]
) -> None:
    assert box.enrolment is not None
    await hand_in_and_take(box, serial(1))
    lower = with_serial(7, ("days_per_week = 4", "days_per_week = 3"))
    await send_and_take(box, make(signed.Prescribes(box.enrolment.box, lower)))
    installed = newest_installed(box.store)
    assert installed is not None
    assert installed.prescription.serial == 7
    assert inbox.held(box.folder) == ()


async def test_what_came_over_the_network_raises_only_when_somebody_at_the_box_says_yes(
    box: Box, make: Callable[[signed.Body], bytes]
) -> None:
    assert box.enrolment is not None
    await hand_in_and_take(box, serial(1))
    before = newest_installed(box.store)
    more = with_serial(7, ("days_per_week = 4", "days_per_week = 5"))
    await send_and_take(box, make(signed.Prescribes(box.enrolment.box, more)))
    assert newest_installed(box.store) == before
    (held,) = inbox.held(box.folder)
    await hand_in_and_take(box, held.content)
    installed = newest_installed(box.store)
    assert installed is not None
    assert installed.prescription.serial == 7


async def test_what_came_over_the_network_opens_no_lock_by_itself(
    box: Box, make: Callable[[signed.Body], bytes]
) -> None:
    await box.store.lock("E", "rf_ces")
    await send_and_take(box, make(unlocks(box, 1)))
    assert box.open_numbers() == [1]
    (held,) = inbox.held(box.folder)
    await hand_in_and_take(box, held.content)
    assert box.open_numbers() == []


async def test_what_came_over_the_network_unsigned_is_refused(box: Box) -> None:
    await hand_in_and_take(box, serial(1))
    before = newest_installed(box.store)
    await send_and_take(box, serial(7))
    assert newest_installed(box.store) == before
    assert inbox.held(box.folder) == ()


async def test_an_older_signed_prescription_that_is_sent_again_changes_nothing(
    box: Box, make: Callable[[signed.Body], bytes]
) -> None:
    assert box.enrolment is not None
    await hand_in_and_take(box, serial(1))
    few = with_serial(7, ("days_per_week = 4", "days_per_week = 3"))
    fewer = with_serial(8, ("days_per_week = 4", "days_per_week = 2"))
    old, new = (make(signed.Prescribes(box.enrolment.box, text)) for text in (few, fewer))
    await send_and_take(box, old)
    await send_and_take(box, new)
    for again in (old, make(signed.Prescribes(box.enrolment.box, few)), new):
        await send_and_take(box, again)
    installed = newest_installed(box.store)
    assert installed is not None
    assert installed.prescription.serial == 8
    assert len(box.store.all("prescriptions")) == 3
    assert inbox.held(box.folder) == ()


async def test_an_unlock_that_is_sent_again_opens_no_later_lock(
    box: Box, make: Callable[[signed.Body], bytes]
) -> None:
    await box.store.lock("E", "rf_ces")
    opens = make(unlocks(box, 1))
    await hand_in_and_take(box, opens)
    assert box.open_numbers() == []
    await box.store.lock("E", "rf_ces")
    for _ in range(2):
        await send_and_take(box, opens)
        await hand_in_and_take(box, opens)
    assert box.open_numbers() == [2]
    assert inbox.held(box.folder) == ()
