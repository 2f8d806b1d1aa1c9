"""Files that the clinic signs: an unlock or a prescription, for one box (Ed25519).

A signed file is JSON: the format's name, the body as text, the signature over both. The body is looked at
only after its signature was found right. The library is loaded only where a file is signed or verified.
"""

from __future__ import annotations

import base64
import datetime as dt
from pathlib import Path
from typing import Annotated, Final

import msgspec

from kiosk.errors import N_, KioskError, filled

FORMAT: Final = "homestim-signed-1"


class SignedError(KioskError):
    """A signed file that is not taken, or a key that cannot be used."""


class Unlocks(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="unlock"):
    """Opens one lock of one box."""

    box: str
    lock: Annotated[int, msgspec.Meta(ge=1)]
    by: str
    on: dt.date
    note: str = ""


class Prescribes(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="prescription"
):
    """Installs one prescription in one box."""

    box: str
    toml: str


Body = Unlocks | Prescribes


class _Envelope(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    format: str
    body: str
    signature: str


def looks_signed(content: bytes) -> bool:
    """Whether it is meant to be a signed file (JSON) rather than a prescription's TOML."""
    return content.lstrip().startswith(b"{")


def sign(body: Body, private_key: Path) -> bytes:
    """The signed file, with the clinic's private key (PEM, not encrypted). Raises SignedError."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        key = load_pem_private_key(private_key.read_bytes(), password=None)
    except OSError as error:
        raise SignedError(f"{private_key} cannot be read: {error.strerror}.", exit_code=2) from error
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise SignedError(f"{private_key}: {_EXPECTED_PRIVATE}", exit_code=2, detail=str(error)) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise SignedError(f"{private_key}: {_EXPECTED_PRIVATE}", exit_code=2)
    text = msgspec.json.encode(body).decode()
    signature = base64.b64encode(key.sign(_signed_bytes(text))).decode("ascii")
    return msgspec.json.format(msgspec.json.encode(_Envelope(FORMAT, text, signature))) + b"\n"


def public_key(path: Path) -> bytes:
    """The 32 bytes of the clinic's public key (PEM). Raises SignedError."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    try:
        key = load_pem_public_key(path.read_bytes())
    except OSError as error:
        raise SignedError(f"{path} cannot be read: {error.strerror}.", exit_code=2) from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise SignedError(f"{path}: {_EXPECTED_PUBLIC}", exit_code=2, detail=str(error)) from error
    if not isinstance(key, Ed25519PublicKey):
        raise SignedError(f"{path}: {_EXPECTED_PUBLIC}", exit_code=2)
    return key.public_bytes_raw()


def verified(content: bytes, clinic_key: bytes, box: str) -> Body:
    """What the clinic signed for the box of this name. Raises SignedError: cut short, changed, another key's,
    another box's."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    if not clinic_key:
        raise SignedError(
            N_("This box knows no clinic's key, so it takes no signed file. Nothing was changed.")
        )
    try:
        envelope = msgspec.json.decode(content, type=_Envelope)
        signature = base64.b64decode(envelope.signature, validate=True)
    except ValueError as error:
        raise SignedError(
            N_("The signed file is not whole. Nothing was changed. Please ask for it again."),
            detail=str(error),
        ) from error
    if envelope.format != FORMAT:
        raise SignedError(N_("This version does not know this kind of signed file. Nothing was changed."))
    try:
        Ed25519PublicKey.from_public_bytes(clinic_key).verify(signature, _signed_bytes(envelope.body))
    except InvalidSignature as error:
        raise SignedError(
            N_("The signed file was changed, or another clinic signed it. Nothing was changed in the box.")
        ) from error
    try:
        body: Body = msgspec.json.decode(envelope.body, type=Unlocks | Prescribes)
    except ValueError as error:
        raise SignedError(
            N_("The signed file says something that this version does not know. Nothing was changed."),
            detail=str(error),
        ) from error
    if body.box != box:
        raise SignedError(
            filled(
                N_("The signed file is for box {its}; this is box {this}. Nothing was changed."),
                its=body.box,
                this=box,
            )
        )
    return body


def _signed_bytes(body: str) -> bytes:
    return f"{FORMAT}\n{body}".encode()


_EXPECTED_PRIVATE: Final = "expected the clinic's private key, Ed25519, as an unencrypted PEM file."
_EXPECTED_PUBLIC: Final = "expected the clinic's public key, Ed25519, as a PEM file."
