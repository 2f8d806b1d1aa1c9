"""Run by its path, as a process of its own: scrypt over what comes on standard input; its hash, in hex, out.

scrypt holds the processor for about a tenth of a second, and its memory; neither belongs into the process
that renews the lease. The PIN comes by standard input because every user of the machine can read arguments.
Standard library alone, nothing of homestim.
"""

import hashlib
import json
import sys


def main() -> None:
    asked = json.load(sys.stdin)
    key = hashlib.scrypt(
        asked["pin"].encode(),
        salt=bytes.fromhex(asked["salt"]),
        n=asked["n"],
        r=asked["r"],
        p=asked["p"],
        # scrypt needs a little more than 128 · n · r · p bytes: for n = 2¹⁵ above OpenSSL's own bound.
        maxmem=2**20 + 256 * asked["n"] * asked["r"] * asked["p"],
        dklen=asked["bytes"],
    )
    sys.stdout.write(key.hex())


if __name__ == "__main__":
    main()
