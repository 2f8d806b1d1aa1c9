"""`make deb`: the folder of `make wheels` as a Debian package. Its scripts call the same `install`."""

from __future__ import annotations

import argparse
import platform
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
SCRIPTS: Final = ("preinst", "postinst", "prerm", "postrm")
ARCHITECTURES: Final = {"x86_64": "amd64", "aarch64": "arm64"}
PLACE: Final = "opt/homestim/package"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--box", type=Path, default=ROOT / "build" / "box", help="the folder of make wheels")
    parser.add_argument("--into", type=Path, default=ROOT / "build")
    parser.add_argument("--machine", default=platform.machine(), help="x86_64 or aarch64")
    given = parser.parse_args()
    print(make_deb(given.box, given.into, given.machine))
    return 0


def make_deb(box: Path, into: Path, machine: str) -> Path:
    """The package's file. Raises subprocess.CalledProcessError."""
    ours = next((box / "wheels").glob("homestim-*.whl"))
    version, architecture = ours.name.split("-")[1], ARCHITECTURES[machine]
    package = into / f"homestim_{version}_{architecture}.deb"
    with tempfile.TemporaryDirectory(prefix="homestim-deb-") as folder:
        tree = Path(folder) / "tree"
        shutil.copytree(box, tree / PLACE)
        (tree / "DEBIAN").mkdir()
        control = (ROOT / "packaging" / "deb" / "control").read_text(encoding="utf-8")
        text = control.format(version=version, architecture=architecture)
        (tree / "DEBIAN" / "control").write_text(text, encoding="utf-8")
        for name in SCRIPTS:
            shutil.copy(ROOT / "packaging" / "deb" / name, tree / "DEBIAN" / name)
            (tree / "DEBIAN" / name).chmod(0o755)
        tree.chmod(0o755)
        # Wheels are compressed already.
        command = ["dpkg-deb", "--root-owner-group", "-Znone", "--build", str(tree), str(package)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return package


if __name__ == "__main__":
    sys.exit(main())
