"""The handlers of the visit's steps, one module for each part of the visit. `kiosk.flow.STEPS` joins them."""
