"""What goes wrong → one line on stderr and an exit code. A traceback is for us: it goes into a file."""

from __future__ import annotations

import contextlib
import errno
import os
import sys
import tempfile
import traceback
from collections.abc import Callable

from imbench.cli.text import clean, say
from imbench.errors import Exit, ImbenchError, one_line

__all__ = ["DEBUG_VARIABLE", "complain", "guarded"]

#: Set to 1 to see tracebacks.
DEBUG_VARIABLE = "IMBENCH_DEBUG"

#: What a shell reports of a program whose reader went away (128 + SIGPIPE).
BROKEN_PIPE = 141

#: What the system says where there is no room for what we write, or the device behind it is gone.
_UNWRITABLE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)

#: An error message longer than this helps nobody.
LONGEST_MESSAGE = 2000


def guarded(work: Callable[[], int | None]) -> int:
    """Run a command; never raises what a user could see as a traceback."""
    if sys.stdout is None:  # closed by who started us
        complain("standard output is closed: send it to a file, or to /dev/null")
        return Exit.ENVIRONMENT
    for stream in (sys.stdout, sys.stderr):
        # a name that the terminal's encoding lacks is shown as "?", it does not end the run
        if reconfigure := getattr(stream, "reconfigure", None):
            reconfigure(errors="replace")
    code = _translated(work)
    # what is left in the buffer after a failure may be what failed
    left = _translated(lambda: sys.stdout.flush())
    return code or left


def _translated(work: Callable[[], int | None]) -> int:
    """Exit code of a piece of work, after a line on what went wrong."""
    try:
        return int(work() or 0)
    except KeyboardInterrupt:
        say("\nimbench: interrupted; run the same command again to resume")
        return Exit.INTERRUPTED
    except BrokenPipeError:
        _detach_stdout()
        return BROKEN_PIPE
    except ImbenchError as error:
        complain(str(error))
        if os.environ.get(DEBUG_VARIABLE) == "1":
            say(traceback.format_exc())
        return error.exit_code
    except OSError as error:
        if error.errno not in _UNWRITABLE:
            return _unexpected(error)
        _detach_stdout()
        complain(f"cannot write {error.filename or 'the output'}: {error.strerror}")
        return Exit.ENVIRONMENT
    except Exception as error:
        return _unexpected(error)


def complain(message: str) -> None:
    """An error as one harmless line on stderr."""
    say(f"imbench: error: {clean(' '.join(message.split()))[:LONGEST_MESSAGE]}")


def _unexpected(error: Exception) -> int:
    # the parser's own complaints (unknown option, missing argument) know their text and exit code
    if hasattr(error, "format_message") and hasattr(error, "exit_code"):
        message = error.format_message().replace("Value error, ", "").rstrip(".")
        complain(f"{message}; see imbench --help")
        return int(error.exit_code)
    if os.environ.get(DEBUG_VARIABLE) == "1":
        say(traceback.format_exc())
        where = ""
    else:
        where = f" (traceback in {_write_traceback()}; please report it)"
    complain(f"internal fault: {one_line(error)}{where}")
    return Exit.INTERNAL


def _write_traceback() -> str:
    try:
        with tempfile.NamedTemporaryFile(
            "w", prefix="imbench-error-", suffix=".txt", delete=False, encoding="utf-8", errors="backslashreplace"
        ) as file:
            file.write(traceback.format_exc())
        return file.name
    except OSError as error:  # the disk may be what failed
        return f"no file: {error.strerror}; set {DEBUG_VARIABLE}=1 to see it"


def _detach_stdout() -> None:
    """Point stdout at nothing, so that the flush at exit does not complain a second time."""
    with contextlib.suppress(OSError, ValueError):
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, sys.stdout.fileno())
        os.close(nothing)
