"""Runs inside a Debian 13, with nothing but its own Python: the kiosk's unit without a screen.

cage and foot as `ExecStart=` of the unit says, foot's configuration as it was installed, a virtual keyboard
(wtype), a picture (grim). `wayland_desk.py SCENE FOLDER` prints what was seen as JSON.
"""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path

UNIT = Path("/etc/systemd/system/homestim.service").read_text(encoding="utf-8")
WITHIN_S = 60.0
MODIFIERS = {"Control": "ctrl", "Shift": "shift", "Mod1": "alt", "Mod4": "logo"}
EXAMPLE = Path("/etc/xdg/foot/foot.ini").read_text(encoding="utf-8")
"""Debian's, which names every action with its default."""
ENDS_CAGE = ("Mod1+Escape",)
A_MINUTE = 0.02
"""More of the screen than the clock's digits are."""
ZOOMS = ("Control+plus", "Control+Shift+c")
RECORDER = """
import fcntl, os, struct, sys, termios, tty
def size():
    return list(struct.unpack("HH", fcntl.ioctl(0, termios.TIOCGWINSZ, bytes(4))))
tty.setraw(0)
log = open(sys.argv[1], "a", buffering=1)
os.write(1, b"\\x1b[?1049h")
print("ready", file=log)
heard = b""
while heard := heard + os.read(0, 1000):
    if heard.endswith(b"."):
        print(heard[:-1].hex() or "-", *size(), file=log)
        heard = b""
"""


def until(found, what):
    end_s = time.monotonic() + WITHIN_S
    while not (result := found()):
        if time.monotonic() > end_s:
            sys.exit(f"there was no {what}")
        time.sleep(0.05)
    return result


def settings(name):
    return re.findall(rf"^{name}=(.*)$", UNIT, re.MULTILINE)


class Desk:
    """The unit's command, with another program or configuration where a scene needs one."""

    def __init__(self, folder, program=None, ini=None):
        self.folder = folder
        runtime = folder / "run"
        runtime.mkdir(mode=0o700)
        self.environ = {
            **dict(pair.split("=", 1) for line in settings("Environment") for pair in shlex.split(line)),
            "PATH": "/usr/bin:/bin",
            "WLR_BACKENDS": "headless",
            "XDG_RUNTIME_DIR": str(runtime),
            "XDG_STATE_HOME": str(folder),
            "HOME": "/nonexistent",
        }
        command = shlex.split(settings("ExecStart")[0])
        at = command.index("/opt/homestim/current/bin/homestim")
        if ini is not None:
            command[command.index("-c") + 1] = ini
        command[at:] = program or command[at:]
        self.said = (folder / "said").open("ab")
        self.cage = subprocess.Popen(command, env=self.environ, stdout=self.said, stderr=self.said)
        display = until(lambda: [*runtime.glob("wayland-?")], "Wayland display")[0].name
        self.environ["WAYLAND_DISPLAY"] = display

    def tool(self, *command):
        subprocess.run(command, env=self.environ, check=True, stdout=self.said, stderr=self.said)

    def press(self, combination):
        *held, key = combination.split("+")
        down = [word for one in held for word in ("-M", MODIFIERS[one])]
        up = [word for one in reversed(held) for word in ("-m", MODIFIERS[one])]
        self.tool("wtype", *down, "-k", key, *up)

    def picture(self, name):
        self.tool("grim", "-t", "png", str(self.folder / f"{name}.png"))
        self.tool("grim", "-t", "ppm", str(self.folder / f"{name}.ppm"))
        return (self.folder / f"{name}.ppm").read_bytes()

    def programs(self):
        """The names of all that runs as this user."""
        names = []
        for process in Path("/proc").glob("[0-9]*"):
            try:
                if process.stat().st_uid == os.getuid():
                    names.append((process / "comm").read_text(encoding="ascii").strip())
            except OSError:
                continue
        return sorted(names)

    def end(self):
        self.cage.terminate()
        self.cage.wait(WITHIN_S)


def combinations():
    """Every key that foot does something at by itself, as Debian's example has it."""
    lines = EXAMPLE.split("\n[key-bindings]\n")[-1].split("\n[")[0]
    found = re.findall(r"^# *[a-z-]+ *= *([^\[\n]+)$", lines, re.MULTILINE)
    return [one for keys in found for one in keys.split() if one != "none"]


def keys(folder, ini=None, pressed=()):
    """What the program in the terminal hears of keys, and whether anything else came of them."""
    log, recorder = folder / "heard", folder / "recorder.py"
    recorder.write_text(RECORDER, encoding="utf-8")
    log.touch()
    desk = Desk(folder, ["/usr/bin/python3", "-I", str(recorder), str(log)], ini)

    def lines():
        return log.read_text(encoding="ascii").splitlines()

    def a_key_arrives():
        desk.press("period")
        time.sleep(0.5)
        return len(lines()) > 1

    until(lines, "program in the terminal")
    until(a_key_arrives, "key that arrives")
    before, sizes, unheard = desk.programs(), {tuple(lines()[-1].split()[1:])}, []
    pressed = pressed or (*combinations(), *ENDS_CAGE)
    for combination in pressed:
        count = len(lines())
        desk.press(combination)
        desk.press("period")
        until(lambda count=count: len(lines()) > count, f"key after {combination}")
        heard, *size = lines()[-1].split()
        sizes.add(tuple(size))
        if heard == "-":
            unheard.append(combination)
    found = {
        "tried": len(pressed),
        "unheard": unheard,
        "sizes": len(sizes),
        "new": len(desk.programs()) - len(before),
        "runs": desk.cage.poll() is None,
    }
    desk.end()
    return found


def kiosk(folder):
    """The kiosk itself on its simulator: a first start, which fits the letters to the screen; then a picture,
    a key, another picture."""
    (included,) = re.findall(r"^include=(.*)$", Path("/etc/homestim/foot.ini").read_text("utf-8"), re.M)
    config = f'[kiosk]\nlocked = true\nlang = "en"\nletters = "{included}"\n'
    (folder / "kiosk.toml").write_text(config, encoding="utf-8")
    homestim = "/opt/homestim/current/bin/homestim"
    simulated = ["--simulate", "p24", "--config", str(folder / "kiosk.toml"), "--data", str(folder / "data")]
    first = Desk(folder, [homestim, "run", *simulated])
    ended = first.cage.wait(WITHIN_S)
    shutil.rmtree(folder / "run")
    desk = Desk(folder, [homestim, "run", *simulated])

    def colours():
        return len({*pixels(desk.picture("1-kiosk"))})

    until(lambda: colours() > 8, "letters on the screen")
    before = settled(desk, "1-kiosk")

    def another_page():
        desk.press("4")
        return share_changed(before, settled(desk, "2-after-a-key")) > A_MINUTE

    until(another_page, "answer to a key")
    found = {
        "first_ended": ended,
        "letters": Path(included).read_text("utf-8"),
        "runs": desk.cage.poll() is None,
    }
    desk.end()
    return found


def settled(desk, name):
    """The picture once it stays the same."""
    pictures = [desk.picture(name)]

    def same():
        time.sleep(1.0)
        pictures.append(desk.picture(name))
        return pictures[-1] == pictures[-2]

    until(same, f"rest of {name}")
    return pictures[-1]


def share_changed(before, after):
    pairs = [one != other for one, other in zip(pixels(before), pixels(after), strict=True)]
    return sum(pairs) / len(pairs)


def pixels(ppm):
    _, _, _, data = ppm.split(b"\n", 3)
    return (data[at : at + 3] for at in range(0, len(data), 3 * 7))


def main():
    scene, folder = sys.argv[1], Path(sys.argv[2])
    os.chdir("/")
    print(json.dumps(SCENES[scene](folder)))


SCENES = {"keys": keys, "keys-of-foots-own": lambda folder: keys(folder, "/dev/null", ZOOMS), "kiosk": kiosk}

if __name__ == "__main__":
    main()
