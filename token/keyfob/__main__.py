"""`python -m keyfob` is the command `keyfob`."""

import sys

from keyfob.cli import main

if __name__ == "__main__":
    sys.exit(main())
