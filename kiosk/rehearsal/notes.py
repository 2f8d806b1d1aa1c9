"""What invented people write."""

from __future__ import annotations

from typing import Final

PATIENT_NOTES: Final = (
    "Slept badly.",
    "Worked in the garden yesterday.",
    "Walked for half an hour.",
    "Long drive to my sister.",
    "The left pad itches a little.",
    "Better this morning.",
    "Stiff after sitting all day.",
    "Visit to the physiotherapist.",
    "Did the exercises twice.",
    "Kälte tut dem Rücken nicht gut.",
)
FAMILY_NOTES: Final = ("Helped with the pads.", "She is in good spirits.", "Please ask about new pads.")
SEEN_TO: Final = ("Asked her: all is well.", "Called the practice.", "Looked at it together.", "Seen.")
"""How the family saw to an alert."""
