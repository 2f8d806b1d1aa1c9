"""Every check that an installer needs, each with its remedy; works when the kiosk does not start.

What is loaded here is the standard library and the small modules of this folder. The kiosk is asked in a
child process, the guard by what it tells systemd: a doctor that catches the illness helps nobody.
"""
