"""The least that Textual can do: one line of text, and a key that changes it."""

from __future__ import annotations

from textual import events
from textual.app import App, ComposeResult
from textual.widgets import Static


class Peer(App[None]):
    """Says `waiting`, then `acted`."""

    def compose(self) -> ComposeResult:
        yield Static("waiting")

    def on_key(self, event: events.Key) -> None:
        self.query_one(Static).update("acted")


if __name__ == "__main__":
    Peer().run()
