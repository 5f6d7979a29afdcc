"""``python -m cacs_cxr``: the command ``cacs-cxr`` where it is not installed."""

import sys

from cacs_cxr.command_line import main

if __name__ == "__main__":
    sys.exit(main())
