"""Which build this is: kiosk and guard each hash the files they run, and two builds never arm (rule 24)."""

from __future__ import annotations

import os
from functools import cache
from importlib.util import source_hash


@cache
def build_id() -> str:
    """16 hex digits over every source file of `drivers`, which is all that the two have to agree on.

    It is of what this process loaded: whoever tells it to another asks for it at the start, and an update of
    the files changes it no more. Not hashlib: it maps the whole of OpenSSL into the small guard process.
    """
    root = os.path.dirname(os.path.abspath(__file__))
    content = b""
    for folder, folders, files in os.walk(root):
        folders.sort()
        for name in sorted(file for file in files if file.endswith(".py")):
            path = os.path.join(folder, name)
            with open(path, "rb") as source:
                content += os.path.relpath(path, root).encode() + source_hash(source.read())
    return source_hash(content).hex()
