"""The conductor: plan, prepare data, send jobs to workers, score, store, rank."""

from __future__ import annotations

from imbench.runner.progress import Observer, Silent
from imbench.runner.run import Study, run, study_of

__all__ = ["Observer", "Silent", "Study", "run", "study_of"]
