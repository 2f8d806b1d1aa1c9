"""`homestim review`: the overview beside a running kiosk, as text and as one JSON document."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest

from kiosk.clock import FixedClock
from kiosk.diary.records import Consent, Entry
from kiosk.diary.store import Store, open_store
from kiosk.errors import KioskError
from kiosk.ops.review import review

NOW = dt.datetime(2026, 11, 20, 12, 0, tzinfo=dt.UTC)
CLOCK = FixedClock(NOW)


async def with_a_burn(folder: Path, kind: str = "simulated") -> Store:
    """The kiosk that writes it is still running, and has not told of it yet."""
    store = open_store(folder, kind, CLOCK)  # type: ignore[arg-type]
    await store.add(Entry(moment="after", skin=3))
    return store


async def test_it_tells_beside_the_kiosk_what_the_kiosk_has_not_journalled_yet(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with await with_a_burn(tmp_path / "data") as store:
        review(store.folder, False, CLOCK)
        assert store.all("alerts") == (), "reading writes nothing"
    said = capsys.readouterr().out
    assert "▲ LOOK HERE: one thing, today" in said
    assert "The skin under a pad is blistered, burnt or open." in said
    assert "This is not an emergency service." in said


async def test_json_is_one_document_with_all_of_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with await with_a_burn(tmp_path / "data") as store:
        review(store.folder, True, CLOCK)
    found = json.loads(capsys.readouterr().out)
    assert (found["kind"], found["well"]) == ("simulated", False)
    assert found["alerts"][0]["rule"] == {"rule": "red_skin", "parameters": {"grade": 3}}
    assert len(found["days"]) == 84
    assert found["entries"][0]["entry"]["skin"] == 3


async def test_what_a_server_refused_is_read_where_the_box_keeps_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    refusal = {"resource": "Observation/1", "status": 422, "words": "code: missing"}
    apart = tmp_path / "apart/refused"
    apart.mkdir(parents=True)
    (apart / "00000001.json").write_text(json.dumps({"bundle": "0" * 64, "refused": [refusal]}))
    with await with_a_burn(tmp_path / "data") as store:
        review(store.folder, True, CLOCK)
        assert json.loads(capsys.readouterr().out)["refused"] == 0
        review(store.folder, True, CLOCK, str(tmp_path / "apart"))
        assert json.loads(capsys.readouterr().out)["refused"] == 1


async def test_an_empty_diary_is_well_and_says_that_nothing_is_known(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with open_store(tmp_path / "data", "simulated", CLOCK) as store:
        review(store.folder, True, CLOCK)
        assert json.loads(capsys.readouterr().out)["well"]
        review(store.folder, False, CLOCK)
    assert "Nothing to do. There is no entry in these four weeks." in capsys.readouterr().out


async def test_of_a_real_person_nothing_is_told_without_her_yes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with await with_a_burn(tmp_path / "data", "real") as store:
        with pytest.raises(KioskError, match="has not said that the family may see this"):
            review(store.folder, True, CLOCK)
        assert capsys.readouterr().out == ""
        await store.add(Consent(topic="family", given=True, who="patient"))
        review(store.folder, True, CLOCK)
    assert json.loads(capsys.readouterr().out)["kind"] == "real"


def test_no_diary_is_said_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(KioskError) as error:
        review(tmp_path / "nothing", False, CLOCK)
    assert "is not a homestim data folder" in error.value.sentence
