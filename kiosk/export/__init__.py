"""What leaves the box in the patient's hands: the one-page report, tables, FHIR, and the stick they go on.

Everything here reads the diary and changes nothing. It runs in a process of its own (`homestim report`):
what it loads is heavy, and nothing heavy runs where a session does.
"""
