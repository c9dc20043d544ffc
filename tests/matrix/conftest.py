from __future__ import annotations

from hypothesis import settings

# a busy machine is no reason to fail: the time of one example says nothing
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")
