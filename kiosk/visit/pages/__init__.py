"""The words of every step: one builder a step, from the visit to a `Page`; `flow.STEPS` joins them."""
