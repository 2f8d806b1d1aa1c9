"""`make vm-test`: boxes that really boot, and what is done to them while current flows.

Debian 13 with a read-only root in QEMU, without hardware acceleration; at its USB is the host's virtual P24.
Once with the plain console, once with cage and foot. Every step is said; pictures of the screen, the device's
log and the machine's own stay in the folder. The last lines are a table; the exit status is 0 when every row
of it is as it has to be. Needs root, debootstrap, QEMU and once a Debian mirror; for a box with another
processor than this machine's also cpio and a loop device. It takes an hour or less, most of it waiting for an
emulated processor, and another hour, once, for a foreign Debian.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path
from typing import Final

from tests.install.processor import HERE, PROCESSORS
from tests.vm.console_day import ConsoleDay
from tests.vm.day import Day, Row
from tests.vm.face import FACES, Face
from tests.vm.image import make_image
from tests.vm.machine import Failed
from tests.vm.wayland_day import WaylandDay

BUILD: Final = Path(__file__).parents[2] / "build"
DAYS: Final[dict[str, type[Day]]] = {"console": ConsoleDay, "wayland": WaylandDay}


def main() -> int:
    parser = argparse.ArgumentParser(prog="make vm-test", description=__doc__.partition("\n\n")[0])
    parser.add_argument("--face", choices=sorted(DAYS), action="append", help="only this one")
    parser.add_argument("--machine", choices=sorted(PROCESSORS), default=HERE, help="the box's processor")
    parser.add_argument("--box", type=Path, default=BUILD / "box", help="what `make wheels` made")
    parser.add_argument("--folder", type=Path, default=BUILD / "vm", help="disks, pictures and logs")
    parser.add_argument("--slowness", type=float, help="of the stimulator's clock")
    parser.add_argument("--qemu", help="QEMU's processor, instead of an emulated one")
    given = parser.parse_args()
    rows = [row for name in given.face or DAYS for row in day_of(FACES[name], given)]
    print(f"\n{table(rows)}\n\nPictures and logs: {given.folder}/*/seen")
    return int(not all(row.well for row in rows))


def day_of(face: Face, given: argparse.Namespace) -> list[Row]:
    processor = PROCESSORS[given.machine]
    folder = given.folder / f"{face.name}-{processor.machine}"
    seen = folder / "seen"
    shutil.rmtree(seen, ignore_errors=True)
    seen.mkdir(parents=True)
    kind = DAYS[face.name]
    options = given.qemu.split() if given.qemu else [*kind.OPTIONS, "-cpu", processor.model]
    day = kind(seen, given.slowness or kind.SLOWNESS, options)
    try:
        day.play(make_image(given.box, folder, face, processor, day.say))
    except Failed as failed:
        day.row("it could not go on", str(failed), False)
    finally:
        day.end()
    return [Row(f"{face.name}: {row.what}", row.seen, row.well) for row in day.rows]


def table(rows: list[Row]) -> str:
    width = max(len(row.what) for row in rows)
    return "\n".join(f"{'ok ' if row.well else 'NOT'}  {row.what:<{width}}  {row.seen}" for row in rows)


if __name__ == "__main__":
    sys.exit(main())
