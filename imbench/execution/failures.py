"""How a failure is named: exceptions and exit codes as a status and one line."""

from __future__ import annotations

import signal
import traceback
from pathlib import Path

from imbench.execution.job import Status

__all__ = ["classify", "describe_exit", "tail", "trimmed_traceback"]

_OWN = str(Path(__file__).resolve().parents[1])


def classify(error: BaseException) -> Status:
    """``oom`` if the exception says that memory ran out, else ``failed``.

    torch's ``OutOfMemoryError`` is known by its name, so that torch need not be imported.
    """
    names = {f"{kind.__module__.partition('.')[0]}.{kind.__name__}" for kind in type(error).__mro__}
    told = "DefaultCPUAllocator: " in str(error)  # a plain RuntimeError of torch on the CPU
    return "oom" if isinstance(error, MemoryError) or "torch.OutOfMemoryError" in names or told else "failed"


def trimmed_traceback(error: BaseException, *, own: str = _OWN, limit: int = 50) -> str:
    """The last `limit` lines of a traceback without the frames that lead from imbench into foreign code.

    An error that never left imbench keeps all its frames: then they are what is wanted.
    """
    shown = traceback.TracebackException.from_exception(error, compact=True)
    frames = list(shown.stack)
    foreign = [at for at, frame in enumerate(frames) if not frame.filename.startswith((own, "<frozen"))]
    if foreign:
        shown.stack = traceback.StackSummary.from_list(frames[foreign[0] :])
    return tail("".join(shown.format()), limit)


def tail(text: str, limit: int = 50) -> str:
    """The last `limit` lines of a text."""
    return "\n".join(text.splitlines()[-limit:])


def describe_exit(code: int) -> str:
    """An exit code in words: ``killed by SIGSEGV (segmentation fault)``, ``exited with code 3``."""
    if code >= 0:
        return f"exited with code {code}"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        return f"killed by signal {-code}"
    return f"killed by {name} ({(signal.strsignal(-code) or name).lower()})"
