"""Which build this is: kiosk and guard each hash the files they run, and two builds never arm (rule 24)."""

from __future__ import annotations

import hashlib
import os


def build_id() -> str:
    """A hash over every source file of `drivers`, 16 hex digits. Reads about 0.2 MB."""
    digest = hashlib.sha256()
    root = os.path.dirname(os.path.abspath(__file__))
    for folder, folders, files in os.walk(root):
        folders.sort()
        for name in sorted(file for file in files if file.endswith(".py")):
            path = os.path.join(folder, name)
            digest.update(os.path.relpath(path, root).encode() + b"\0")
            with open(path, "rb") as source:
                digest.update(source.read() + b"\0")
    return digest.hexdigest()[:16]
