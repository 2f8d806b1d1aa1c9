"""What the visit asks for and what takes time: one subject a file, off the keys' way.

Each carries effects out (`kiosk.events`), and what comes of them is heard as events.
"""
