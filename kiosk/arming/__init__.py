"""From today's plan to what the guard is asked to arm, and whether a stimulator can play it."""
