#!/usr/bin/env bash
# Sets up an environment of its own, then runs a real study and prints its leaderboard.
set -euo pipefail
cd "$(dirname "$0")"
python3 -m venv .venv
.venv/bin/pip install --quiet --disable-pip-version-check -r requirements.txt
.venv/bin/imbench run --matrix quickstart "$@"
