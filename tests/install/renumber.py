"""An installer's folder as one of another version."""

from __future__ import annotations

import base64
import hashlib
import shutil
import zipfile
from pathlib import Path


def another_box(box: Path, folder: Path, version: str, broken: str = "") -> None:
    """`folder` as `box`, of that version; its module `broken` cannot be imported."""
    shutil.copytree(box, folder)
    (wheel,) = (folder / "wheels").glob("homestim-*.whl")
    renumber(wheel, version, broken)


def renumber(wheel: Path, version: str, broken: str = "") -> None:
    """In the place of `wheel`, and in its requirements.txt; the module `broken` cannot be imported."""
    old = wheel.name.split("-")[1]
    new = wheel.with_name(wheel.name.replace(f"-{old}-", f"-{version}-"))
    info_old, info = f"homestim-{old}.dist-info", f"homestim-{version}.dist-info"
    record = ""
    with zipfile.ZipFile(wheel) as source, zipfile.ZipFile(new, "w") as target:
        for item in source.infolist():
            name, content = item.filename.replace(info_old, info), source.read(item)
            name = name.replace(f"homestim-{old}.data", f"homestim-{version}.data")
            if name == f"{info}/RECORD":
                continue
            if name == f"{info}/METADATA":
                content = content.replace(f"Version: {old}\n".encode(), f"Version: {version}\n".encode(), 1)
            if name == broken:
                content = b"raise ImportError('broken on purpose')\n"
            target.writestr(name, content)
            digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
            record += f"{name},sha256={digest},{len(content)}\n"
        target.writestr(f"{info}/RECORD", f"{record}{info}/RECORD,,\n")
    listed = wheel.parent / "requirements.txt"
    _, *others = listed.read_text(encoding="utf-8").splitlines(keepends=True)
    digest = hashlib.sha256(new.read_bytes()).hexdigest()
    listed.unlink()  # it may be a link to the real one
    listed.write_text(f"homestim=={version} --hash=sha256:{digest}\n{''.join(others)}", encoding="utf-8")
    wheel.unlink()
