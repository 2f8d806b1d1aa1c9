"""The handlers of the visit's steps, one module for each part of the visit. `flow.STEPS` joins them."""
