"""Store and forward: what the diary says, to the FHIR server of the clinic, if the patient wants it.

Two programs that share one folder and no rights: the kiosk's user makes the files (`prepare`), without a
network; a user that cannot see the diary sends them (`sender`). A stick can stand in for the network.
"""
