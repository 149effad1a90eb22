"""`python -m nnscratch`: the same as the command `nnscratch`."""

from __future__ import annotations

import sys

from nnscratch.cli import main

if __name__ == "__main__":
    sys.exit(main())
