"""Changing one value of `kiosk.toml` changes not a letter more; the file is whole at every moment."""

from __future__ import annotations

import json
import os
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.setup.toml_edit import CannotEdit, changed, write

FILE = """\
# the box of ward 3

[device]   # the stimulator
kind = "p24"      # not the other one
id_path = "/dev/serial/by-id/usb-#1"  # with a "#" in its name
simulated = false

[stop]
inputs = [ "/dev/a", "/dev/b" ] # two
[kiosk]
country = 'DE'
"""


def test_only_the_value_changes(tmp_path: Path) -> None:
    text = changed(FILE, {("device", "kind"): "rehastim2", ("stop", "inputs"): ("/dev/c",)}, "f")
    assert text == FILE.replace('"p24"', '"rehastim2"').replace('[ "/dev/a", "/dev/b" ]', '["/dev/c"]')


def test_a_number_sign_in_quotes_is_no_comment() -> None:
    text = changed(FILE, {("device", "id_path"): "x"}, "f")
    assert 'id_path = "x"  # with a "#" in its name\n' in text


def test_a_new_key_stands_at_the_end_of_its_table() -> None:
    text = changed(FILE, {("device", "device_id"): "7"}, "f")
    assert 'simulated = false\ndevice_id = "7"\n\n[stop]\n' in text


def test_a_new_table_stands_at_the_end_of_the_file() -> None:
    assert changed("", {("kiosk", "lang"): "de"}, "f") == '[kiosk]\nlang = "de"\n'
    assert changed(FILE, {("sound", "player"): ()}, "f") == FILE + "\n[sound]\nplayer = []\n"


@pytest.mark.parametrize(
    "text",
    [
        'device.kind = "p24"\n',
        'device = { kind = "p24" }\n',
        '[device]\nkind = """\np24"""\n',
        '[stop]\ninputs = [\n  "a",\n]\n',
        "[device\n",
        '["device"]\nkind = "x"\n',
        '[device]\n"kind" = "x"\n',
    ],
)
def test_what_it_would_break_it_leaves_alone_and_says_so(text: str) -> None:
    with pytest.raises(CannotEdit) as refused:
        changed(text, {("device", "kind"): "p24", ("stop", "inputs"): ("b",)}, "kiosk.toml")
    assert "kiosk.toml" in refused.value.sentence


KEYS = st.sampled_from(["kind", "id_path", "lang", "volume"])
TABLES = st.sampled_from(["device", "kiosk", "sound"])
WORDS = st.text(st.characters(exclude_categories=("Cs",)), max_size=20)
VALUES = WORDS | st.integers(-(10**9), 10**9) | st.booleans() | st.lists(WORDS, max_size=3).map(tuple)
COMMENTS = st.sampled_from(["", "  # a remark", ' # "quoted" # twice', "\t#'"])


@st.composite
def files(draw: st.DrawFn) -> str:
    lines = [draw(st.sampled_from(["", "# head", "\n\n"]))]
    for table in draw(st.lists(TABLES, unique=True)):
        lines.append(f"[{table}]{draw(COMMENTS)}")
        for key in draw(st.lists(KEYS, unique=True)):
            space = draw(st.sampled_from([" = ", "=", "  =   "]))
            value = json.dumps(draw(VALUES), ensure_ascii=False).replace("\x7f", "\\u007f")
            lines.append(f"{key}{space}{value}{draw(COMMENTS)}")
        lines.append(draw(st.sampled_from(["", "# between"])))
    return "\n".join(lines)


@given(files(), st.dictionaries(st.tuples(TABLES, KEYS), VALUES, min_size=1, max_size=4))
def test_whatever_the_file_the_values_are_new_and_the_rest_is_as_it_was(
    text: str, change: dict[tuple[str, str], object]
) -> None:
    before = tomllib.loads(text)
    after = changed(text, change, "f")  # type: ignore[arg-type]
    expected = {name: dict(table) for name, table in before.items()}
    for (table, key), value in change.items():
        expected.setdefault(table, {})[key] = list(value) if isinstance(value, tuple) else value
    assert tomllib.loads(after) == expected
    untouched = [line for line in text.split("\n") if line.startswith("#")]
    assert [line for line in after.split("\n") if line in untouched and line.startswith("#")] == untouched
    assert changed(after, change, "f") == after  # type: ignore[arg-type]


# ── the file ──


def test_owner_and_mode_stay(tmp_path: Path) -> None:
    file = tmp_path / "kiosk.toml"
    file.write_text("old")
    file.chmod(0o644)
    if os.geteuid() == 0:
        os.chown(file, 1234, 4321)
    before = file.stat()
    write(file, "new")
    after = file.stat()
    assert file.read_text() == "new"
    assert (after.st_mode, after.st_uid, after.st_gid) == (before.st_mode, before.st_uid, before.st_gid)
    assert after.st_ino != before.st_ino, "replaced, not written over"
    assert os.listdir(tmp_path) == ["kiosk.toml"]


def test_a_new_file_is_for_its_owner_and_the_folders_group(tmp_path: Path) -> None:
    folder = tmp_path / "etc" / "homestim"
    folder.mkdir(parents=True)
    if os.geteuid() == 0:
        os.chown(folder, 0, 4321)
    write(folder / "kiosk.toml", "x")
    found = (folder / "kiosk.toml").stat()
    assert found.st_mode & 0o777 == 0o640
    assert found.st_gid == folder.stat().st_gid


def test_what_cannot_be_written_leaves_the_old_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "kiosk.toml"
    file.write_text("old")

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(CannotEdit, match="the disk is full"):
        write(file, "new")
    assert file.read_text() == "old"
