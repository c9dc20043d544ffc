from __future__ import annotations

import sys
from pathlib import Path

# tests are imported by path (importlib mode), so that their shared helpers need a folder to be found in
sys.path.insert(0, str(Path(__file__).parent))
