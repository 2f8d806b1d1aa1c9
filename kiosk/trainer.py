"""The trainers' fault panel over a running kiosk: only on a simulator, and never in the way of a stop."""

from __future__ import annotations

import logging
from collections.abc import Callable

from kiosk.keys import Key
from kiosk.page import Page
from kiosk.simulator import Simulator
from kiosk.visit.pages import fault_panel as fault_panel_page
from kiosk.visit.steps import fault_panel
from kiosk.visit.steps.fault_panel import FaultPanel

log = logging.getLogger(__name__)


class Trainer:
    """Opens and closes the panel, and orders faults of a simulator that is ours."""

    def __init__(self, device_kind: str) -> None:
        self.simulator: Simulator | None = None
        self._device_kind = device_kind
        self._panel: FaultPanel | None = None

    def over(self, page: Page, *, simulated: bool) -> Page:
        """`page`, under the panel where it is open."""
        panel = self._open_over(page, simulated)
        if panel is None:
            return page
        return fault_panel_page.over(page, panel, self._device_kind, ours=self._takes_faults)

    def takes(self, key: Key, page: Callable[[], Page], *, simulated: bool, output_possible: bool) -> bool:
        """Whether the panel had the key to itself: then neither visit nor session hears of it.

        `page` is what stands there without it.
        """
        if self._panel is None and key is not Key.TRAINER:
            return False
        stands = page()
        panel = self._open_over(stands, simulated)
        if panel is None:
            self._panel = FaultPanel(stands.serial) if key is Key.TRAINER else None
            return key is Key.TRAINER
        pressed = fault_panel.press(
            panel, key, self._device_kind, ours=self._takes_faults, output_possible=output_possible
        )
        self._panel = pressed.panel
        if pressed.order and self.simulator is not None:
            log.info("a trainer orders: %s", pressed.order)
            self.simulator.inject(pressed.order)
        return not pressed.passed_on

    @property
    def _takes_faults(self) -> bool:
        return self.simulator is not None and self.simulator.ours

    def _open_over(self, page: Page, simulated: bool) -> FaultPanel | None:
        """It is open over `page` itself."""
        panel = self._panel
        return panel if panel is not None and simulated and panel.over == page.serial else None
