"""PINs: hashed by scrypt in a child process, kept in the folder's settings, each attempt journalled first."""

from __future__ import annotations

import asyncio
import hmac
import json
import secrets
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final, Literal

import msgspec

from kiosk import child
from kiosk.access.attempts import Attempts
from kiosk.diary.records import Access as AccessRecord
from kiosk.diary.settings_file import PinHash, Settings, change_settings, load_settings
from kiosk.diary.store import Store
from kiosk.errors import N_, KioskError

Role = Literal["family", "patient", "clinician"]
"""Who has a PIN."""

DEMO_FAMILY_PIN: Final = "2580"
"""Of a folder that holds nobody's data; shown on the screen that asks for it."""
PIN_DIGITS: Final = range(4, 13)
STAYS_S: Final = 600.0
"""So long a right PIN holds at most, whatever stands on the screen."""

SCRYPT_N: Final = 2**15
SCRYPT_R: Final = 8
SCRYPT_P: Final = 1
SALT_BYTES: Final = 16
HASH_BYTES: Final = 32

_CHILD: Final = Path(__file__).with_name("scrypt_child.py")

Hasher = Callable[[str, PinHash], Awaitable[bytes]]
"""The hash of a PIN with the salt and the parameters of a `PinHash`."""


class AccessError(KioskError):
    """A PIN could not be set or checked."""


class PinResult(msgspec.Struct, frozen=True):
    """What came of an attempt. `is_set` False: this role has no PIN yet, so none can be right."""

    ok: bool
    is_set: bool
    wait_s: int = 0
    """Until the next PIN is looked at. This one was not, if it came too early."""


async def scrypt_in_child(pin: str, parameters: PinHash) -> bytes:
    """scrypt in a process of its own. Raises AccessError when that process fails."""
    asked = {
        "pin": pin,
        "salt": parameters.salt,
        "n": parameters.n,
        "r": parameters.r,
        "p": parameters.p,
        "bytes": HASH_BYTES,
    }
    # -I: nothing of the environment or the working directory decides what is run.
    command = (sys.executable, "-I", str(_CHILD))
    code, output, errors = await child.ask(command, json.dumps(asked).encode())
    if code != 0:
        raise AccessError(
            N_("The PIN cannot be checked now. Please try again."), detail=errors.decode(errors="replace")
        )
    return bytes.fromhex(output.decode("ascii"))


async def set_pin(
    folder: Path, role: Role, pin: str, hasher: Hasher = scrypt_in_child, *, old: str | None = None
) -> None:
    """Gives `role` a new PIN of 4 to 12 digits, durably; a kiosk may be running on `folder`.

    A clinician's is changed by who knows the `old` one: an installer who sets up the family's anew opens no
    lock (safety rule 27). Raises AccessError, SettingsError.
    """
    known = load_settings(folder).pins.get(role)
    if role == "clinician" and known is not None:
        given = b"" if old is None else await hasher(old, known)
        if not hmac.compare_digest(given, bytes.fromhex(known.hash)):
            raise AccessError(
                "The clinician's PIN is changed with the old one alone; this is not it. Nothing was changed. "
                "Codes and signed files open locks without it; `homestim enrol --again` takes it away."
            )
    if not (pin.isascii() and pin.isdigit() and len(pin) in PIN_DIGITS):
        raise AccessError(
            f"A PIN has {PIN_DIGITS.start} to {PIN_DIGITS.stop - 1} digits. Please choose another one."
        )
    empty = PinHash(salt=secrets.token_hex(SALT_BYTES), hash="", n=SCRYPT_N, r=SCRYPT_R, p=SCRYPT_P)
    hashed = msgspec.structs.replace(empty, hash=(await hasher(pin, empty)).hex())

    def with_pin(settings: Settings) -> Settings:
        return msgspec.structs.replace(settings, pins={**settings.pins, role: hashed})

    await asyncio.to_thread(change_settings, folder, with_pin)


def take_away(folder: Path, role: Role) -> None:
    """`role` has no PIN any more, durably. Raises SettingsError."""

    def without(settings: Settings) -> Settings:
        others = {name: pin for name, pin in settings.pins.items() if name != role}
        return msgspec.structs.replace(settings, pins=others)

    change_settings(folder, without)


class Access:
    """Sets and checks the PINs of one box."""

    def __init__(self, store: Store, hasher: Hasher = scrypt_in_child) -> None:
        self._store = store
        self._hasher = hasher
        self.attempts = Attempts(store)
        """Of every role of this box."""
        self._right_at_s: dict[Role, float] = {}

    @property
    def demo_pin(self) -> str | None:
        """The family PIN that a folder of nobody's data shows on the screen; None in a real one."""
        return None if self._store.kind == "real" else DEMO_FAMILY_PIN

    def has_pin(self, role: Role) -> bool:
        """Whether a PIN was ever set for `role`. Raises SettingsError."""
        return role in load_settings(self._store.folder).pins

    async def set_pin(self, role: Role, pin: str) -> None:
        """As `set_pin` of this module."""
        await set_pin(self._store.folder, role, pin, self._hasher)

    async def set_demo_pin(self) -> None:
        """Sets the demo's PIN where the folder holds nobody's data and has none yet."""
        if self.demo_pin is not None and not self.has_pin("family"):
            await self.set_pin("family", self.demo_pin)

    def must_be_here(self, role: Role) -> None:
        """Raises AccessError unless `role` typed its PIN within the last minutes, and did not leave since."""
        right_at_s = self._right_at_s.get(role)
        if right_at_s is None or self._store.clock.monotonic_s() - right_at_s > STAYS_S:
            raise AccessError(N_("Please go back and type the PIN again."))

    def leave(self, role: Role) -> None:
        """The next time `role` types its PIN again."""
        self._right_at_s.pop(role, None)

    async def check_pin(self, role: Role, pin: str) -> PinResult:
        """Whether `pin` is the PIN of `role`. The attempt is durable in the diary before it is checked.

        After three wrong ones in a row it has to wait. Raises StoreReadOnly (then nothing was checked),
        AccessError, SettingsError, DiaryDamaged.
        """
        known = load_settings(self._store.folder).pins.get(role)
        if wait_s := await self.attempts.wait_s(role):
            return PinResult(ok=False, is_set=known is not None, wait_s=wait_s)
        await self.attempts.write(AccessRecord(role=role, action="pin_attempt"))
        if known is None:
            return PinResult(ok=False, is_set=False, wait_s=await self.attempts.wait_s(role))
        ok = hmac.compare_digest(await self._hasher(pin, known), bytes.fromhex(known.hash))
        if ok:
            self._right_at_s[role] = self._store.clock.monotonic_s()
        await self.attempts.write(AccessRecord(role=role, action="pin_ok" if ok else "pin_wrong"))
        return PinResult(ok=ok, is_set=True, wait_s=await self.attempts.wait_s(role))
