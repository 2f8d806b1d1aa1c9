"""What ships is what the clinical reference says, and every check of it bites."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from programs import dose, library, montage, program
from programs.montage import Montage
from programs.program import Pattern, Programme, Ranges

MONTAGES = library.load_montages()
PROGRAMMES = library.load_programmes()
replace = msgspec.structs.replace


class TestMontages:
    def test_which_may_be_armed(self) -> None:
        assert {id_: item.armable for id_, item in MONTAGES.items()} == {
            "M2": True,
            "M4-par": True,
            "M4-cross": True,
            "M8-trunk": False,
            "glute-thigh": False,
        }

    def test_what_is_never_armed_says_why(self) -> None:
        for item in MONTAGES.values():
            assert item.armable == (item.never_armed_because is None)

    def test_only_m4_par_of_the_armable_ones_is_for_muscle_work(self) -> None:
        assert [id_ for id_, item in MONTAGES.items() if item.armable and "nmes" in item.kinds] == ["M4-par"]

    def test_m4_par_leads(self) -> None:
        leads = MONTAGES["M4-par"].leads
        assert [(lead.channel, lead.colour, lead.side) for lead in leads] == [
            (1, "red", "left"),
            (2, "blue", "right"),
        ]
        assert [[pad.number for pad in lead.pads] for lead in leads] == [[1, 2], [3, 4]]

    def test_m4_par_distances(self) -> None:
        item = MONTAGES["M4-par"]
        one, two, three, _ = item.pads
        assert (item.pad_width_cm, item.pad_height_cm, item.pad_area_cm2, item.pad_size) == (5, 9, 45, "5x9")
        assert item.gap_cm(one, two) == 3
        assert item.gap_cm(one, three) == 6
        assert abs(one.x_cm) - item.pad_width_cm / 2 == 3, "three centimetres from the bony line"

    def test_m4_par_drawn_at_scale_stands_where_the_draft_has_it(self) -> None:
        """A cell is covered where its middle is: 1 column = 1 cm, 1 row = 2 cm."""
        item = MONTAGES["M4-par"]
        drawn = {}
        for pad in item.pads:
            left, top = pad.x_cm - item.pad_width_cm / 2, pad.y_cm - item.pad_height_cm / 2
            columns = [x for x in range(-15, 16) if left <= x < left + item.pad_width_cm]
            rows = [y for y in range(-2, 16) if top <= 2 * y < top + item.pad_height_cm]
            drawn[pad.number] = (columns, rows)
        assert drawn[3] == ([3, 4, 5, 6, 7], [1, 2, 3, 4])
        assert drawn[1][1] == [1, 2, 3, 4]
        assert drawn[2][1] == drawn[4][1] == [7, 8, 9, 10]
        assert len(drawn[1][0]) == 5
        assert max(drawn[1][0]) == -4 or max(drawn[1][0]) == -3

    def test_pads_of_any_size_keep_their_places(self) -> None:
        small = MONTAGES["M4-par"].with_pads(4, 6.4)
        assert small.pad_size == "4x6.4"
        assert small.gap_cm(*small.leads[0].pads) == pytest.approx(5.6)
        assert list(montage.problems(small)) == []

    @pytest.mark.parametrize(
        ("broken", "sentence"),
        [
            (lambda item: item.with_pads(5, 4), "at least 25 cm²"),
            (lambda item: item.with_pads(5, 10), "at least 3 cm"),
            (lambda item: item.with_pads(float("nan"), 9), "at least 25 cm²"),
            (lambda item: _moved(item, 0, 0, y_cm=-30), "at most 30 cm"),
            (lambda item: _moved(item, 0, 0, x_cm=-1), "a pad beside it"),
            (lambda item: _moved(item, 0, 0, x_cm=5.5), "the side of both pads"),
            (lambda item: _moved(_moved(item, 0, 0, x_cm=15), 0, 1, x_cm=15), "a pad on the left"),
            (lambda item: _moved(item, 0, 0, number=2), "each once"),
            (lambda item: replace(item, leads=item.leads[::-1]), "in order"),
            (lambda item: replace(item, leads=(replace(item.leads[0], colour="blue"), item.leads[1])), "red"),
            (lambda item: replace(_crossed(item), kinds=("nmes",)), "tens only"),
            (lambda item: replace(item, armable=False), "a reason exactly where armable is false"),
            (lambda item: replace(item, never_armed_because=item.name), "a reason exactly where"),
        ],
    )
    def test_a_wrong_one_is_found(self, broken: Callable[[Montage], Montage], sentence: str) -> None:
        found = [problem.expected for problem in montage.problems(broken(MONTAGES["M4-par"]))]
        assert any(sentence in expected for expected in found), found


def _moved(item: Montage, lead: int, pad: int, **changes: float) -> Montage:
    leads = list(item.leads)
    pads = list(leads[lead].pads)
    pads[pad] = replace(pads[pad], **changes)
    leads[lead] = replace(leads[lead], pads=tuple(pads))
    return replace(item, leads=tuple(leads))


def _crossed(item: Montage) -> Montage:
    return replace(MONTAGES["M4-cross"], pad_width_cm=item.pad_width_cm)


SHIPPED = [
    # id, kind, Hz, µs, (shape, up, on, down, off), minutes, armable
    ("tens_conv", "tens", 100, 180, ("continuous", 0, 0, 0, 0), 30, True),
    ("tens_low", "tens", 2, 200, ("continuous", 0, 0, 0, 0), 20, True),
    ("tens_burst", "tens", 100, 180, ("burst", 0, 250, 0, 250), 20, True),
    ("tens_mod", "tens", 125, 200, ("continuous", 0, 0, 0, 0), 30, False),
    ("warm_up", "tens", 5, 300, ("continuous", 0, 0, 0, 0), 5, True),
    ("cool_down", "tens", 3, 300, ("continuous", 0, 0, 0, 0), 10, True),
    ("relax", "tens", 5, 300, ("continuous", 0, 0, 0, 0), 20, True),
    ("nmes_learn", "nmes", 35, 250, ("cycle", 2000, 2000, 1000, 15000), 10, True),
    ("nmes_end", "nmes", 20, 250, ("cycle", 2000, 7000, 1000, 20000), 20, True),
    ("nmes_str", "nmes", 50, 300, ("cycle", 2000, 7000, 1000, 30000), 15, True),
    ("nmes_lumbar_ref", "nmes", 55, 300, ("cycle", 1500, 7750, 750, 8000), 28, False),
    ("wbems_ref", "nmes", 85, 350, ("cycle", 0, 4000, 0, 4000), 20, False),
]

RANGES = {
    # what table 3.1 gives as a range; a continuous time without an end ("30+") ends at the guard's 45 min
    "tens_conv": {
        "frequency_Hz": (80, 100),
        "pulse_width_us": (180, 200),
        "minutes": (30, 45),
        "per_day": (1, 3),
    },
    "tens_low": {"frequency_Hz": (2, 4), "pulse_width_us": (200, 250), "minutes": (20, 45)},
    "tens_burst": {"frequency_Hz": (80, 100), "minutes": (20, 45)},
    "tens_mod": {"frequency_Hz": (2, 125), "pulse_width_us": (100, 200), "per_day": (1, 2)},
    "relax": {"per_day": (1, 2), "weeks": (2, 3)},
    "nmes_str": {
        "pulse_width_us": (300, 350),
        "off_ms": (20_000, 50_000),
        "minutes": (15, 20),
        "weeks": (6, 12),
    },
    "nmes_lumbar_ref": {"per_week": (2, 3)},
    "nmes_end": {"frequency_Hz": (20, 30), "off_ms": (10_000, 20_000), "minutes": (20, 30)},
    "wbems_ref": {"train_ms": (4_000, 6_000), "minutes": (16, 25), "per_week": (1, 1.5)},
}
OFTEN = {
    # at most a day, at most a week, minutes between two of a day, weeks
    "tens_conv": (3, None, 0, None),
    "tens_low": (3, None, 0, None),
    "tens_burst": (3, None, 0, None),
    "tens_mod": (2, None, 0, None),
    "warm_up": (1, None, 0, None),
    "cool_down": (1, None, 0, None),
    "relax": (2, None, 10, 2),
    "nmes_learn": (1, 2, 0, None),
    "nmes_end": (1, 3, 0, None),
    "nmes_str": (1, 2, 0, None),
    "nmes_lumbar_ref": (1, 2, 0, None),
    "wbems_ref": (1, 1, 0, 12),
}


class TestProgrammes:
    def test_every_programme_of_the_reference_ships_with_one_default(self) -> None:
        found = [
            (
                item.id,
                item.kind,
                item.frequency_Hz,
                item.pulse_width_us,
                msgspec.structs.astuple(item.pattern),
                item.minutes,
                item.armable,
            )
            for item in PROGRAMMES.values()
        ]
        assert sorted(found) == sorted(SHIPPED)

    def test_the_ranges_of_the_reference_are_kept_as_data(self) -> None:
        found = {
            item.id: {key: ends for key, ends in msgspec.structs.asdict(item.ranges).items() if ends}
            for item in PROGRAMMES.values()
        }
        assert {id_: ranges for id_, ranges in found.items() if ranges} == RANGES

    def test_how_often_is_one_number(self) -> None:
        found = {
            item.id: (item.per_day, item.per_week, item.gap_minutes, item.weeks)
            for item in PROGRAMMES.values()
        }
        assert found == OFTEN
        assert PROGRAMMES["relax"].ask_doctor_after_days == 7

    @pytest.mark.parametrize("programme", PROGRAMMES.values(), ids=PROGRAMMES.keys())
    def test_what_may_be_armed_fits_every_limit_at_its_ceiling(self, programme: Programme) -> None:
        if not programme.armable:
            assert programme.never_armed_because is not None
            return
        assert list(program.problems(programme)) == []
        ceiling_mA = min(
            {"nmes": 60.0, "tens": 50.0}[programme.kind],
            dose.waveform_ceiling_mA(programme.pulse_width_us, programme.frequency_Hz),
            dose.pad_ceiling_mA(45, programme.pulse_width_us, programme.frequency_Hz),
        )
        assert dose.charge_uC(ceiling_mA, programme.pulse_width_us) <= 21
        rms_mA = dose.rms_mA(ceiling_mA, programme.pulse_width_us, programme.frequency_Hz)
        assert rms_mA <= 16
        assert dose.density_mA_per_cm2(rms_mA, 45 / 2) <= 2
        if programme.pattern.up_ms:
            assert ceiling_mA / (programme.pattern.up_ms / 1000) <= 40

    def test_whole_body_training_is_never_armed(self) -> None:
        reference = PROGRAMMES["wbems_ref"]
        assert not reference.armable
        forced = replace(reference, armable=True, never_armed_because=None)
        assert list(program.problems(forced))

    @pytest.mark.parametrize(
        ("changes", "key"),
        [
            ({"pulse_width_us": 351}, "pulse_width_us"),
            ({"pulse_width_us": 49}, "pulse_width_us"),
            ({"frequency_Hz": 125.5}, "frequency_Hz"),
            ({"frequency_Hz": float("nan")}, "frequency_Hz"),
            ({"minutes": 31}, "minutes"),
            ({"minutes": 0}, "minutes"),
            ({"minutes": 30, "per_day": 5}, "minutes"),
            ({"pattern": Pattern("continuous")}, "pattern.shape"),
            ({"pattern": Pattern("continuous", off_ms=1)}, "pattern"),
            ({"pattern": Pattern("cycle", 900, 2000, 1000, 15000)}, "pattern.up_ms"),
            ({"pattern": Pattern("cycle", 2000, 9001, 1000, 15000)}, "pattern"),
            ({"pattern": Pattern("cycle", 2000, 7000, 1000, 9999)}, "pattern.off_ms"),
            ({"pattern": Pattern("burst", 0, 251, 0, 250)}, "pattern.on_ms"),
            ({"pattern": Pattern("burst", 0, 250, 0, 249)}, "pattern.off_ms"),
            ({"pattern": Pattern("burst", 1, 250, 0, 250)}, "pattern"),
            ({"armable": False}, "never_armed_because"),
            ({"ranges": Ranges(frequency_Hz=(36, 40))}, "frequency_Hz"),
            ({"ranges": Ranges(pulse_width_us=(200, 249))}, "pulse_width_us"),
            ({"ranges": Ranges(train_ms=(6_000, 7_000))}, "train_ms"),
            ({"ranges": Ranges(off_ms=(16_000, 20_000))}, "off_ms"),
            ({"ranges": Ranges(minutes=(20, 5))}, "ranges.minutes"),
            ({"ranges": Ranges(per_week=(2, 2))}, "ranges.per_week"),
        ],
    )
    def test_a_wrong_one_is_found(self, changes: dict[str, object], key: str) -> None:
        broken = replace(PROGRAMMES["nmes_learn"], **changes)
        assert key in [problem.key for problem in program.problems(broken)]

    def test_a_burst_is_another_waveform_than_the_same_train(self) -> None:
        assert PROGRAMMES["tens_conv"].waveform == "100 Hz 180 us"
        assert PROGRAMMES["tens_burst"].waveform == "100 Hz 180 us burst"

    def test_no_two_programmes_that_feel_different_share_a_waveform(self) -> None:
        by_waveform: dict[str, set[str]] = {}
        for item in PROGRAMMES.values():
            by_waveform.setdefault(item.waveform, set()).add(item.pattern.shape)
        assert all(len(shapes) == 1 for shapes in by_waveform.values())
