"""``python -m imbench``."""

from __future__ import annotations

import sys

from imbench.cli import main

if __name__ == "__main__":
    sys.exit(main())
