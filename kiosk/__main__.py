"""`python -m kiosk` is `homestim`."""

import sys

from kiosk.start import main

if __name__ == "__main__":
    sys.exit(main())
