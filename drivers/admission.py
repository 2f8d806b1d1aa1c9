"""Which device may be used: the kind that was asked for, the one of this box, a firmware that was tested.

Safety rules 19 and 21.
"""

from __future__ import annotations

import logging

from drivers.record import record
from drivers.stimulator import Identity, WrongDevice

log = logging.getLogger("homestim.guard")


@record
class Admission:
    """What a device has to be. Without `device_id` any of its kind will do."""

    simulated: bool
    device_id: str | None = None
    allow_untested_firmware: bool = False

    def check(self, identity: Identity) -> None:
        """Raises WrongDevice, with a sentence for a person."""
        if identity.simulated and not self.simulated:
            raise WrongDevice("This is a simulator. The box is set up for a real stimulator.")
        if self.simulated and not identity.simulated:
            raise WrongDevice("This is a real stimulator, and the simulator was chosen.")
        if self.device_id is not None and identity.device_id != self.device_id:
            raise WrongDevice(
                "Another stimulator is plugged in. Plug in the one that this box was set up for.",
                f"found {identity.device_id!r}, set up for {self.device_id!r}",
            )
        if not identity.firmware_tested and not identity.simulated:
            found = f"{identity.kind} firmware {identity.firmware}, protocol {identity.protocol}"
            if not self.allow_untested_firmware:
                version = identity.firmware or identity.protocol
                raise WrongDevice(
                    f"This stimulator's version ({version}) has not been tested with homestim. "
                    "It cannot be used.",
                    f"untested: {found}",
                )
            log.warning("untested and allowed: %s", found)
