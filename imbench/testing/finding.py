"""What a check comes to, and where in the author's code to look."""

from __future__ import annotations

import importlib.util
import inspect
import re
import traceback
import warnings
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal, Protocol

from imbench.errors import one_line
from imbench.training.shared import undisturbed

__all__ = [
    "Broken",
    "Check",
    "Exempt",
    "Finding",
    "NotApplicable",
    "Subject",
    "expectation",
    "judge",
    "line_in_log",
    "own_files",
]

#: ``ok``; ``failed``; ``skipped``: a rule does not bind it, and that is shown; ``n/a``: there is nothing to check.
Status = Literal["ok", "failed", "skipped", "n/a"]


class Subject(Protocol):
    """What is checked: one record of a plugin."""

    @property
    def full_name(self) -> str:
        """``plugin/name``."""
        ...

    @property
    def home(self) -> str:
        """Module or package that the plugin's code lives in."""
        ...

    @property
    def target(self) -> object:
        """The factory or function that the record names."""
        ...


#: A check: returns if the subject passes. The first line of its docstring says what is expected.
Check = Callable[[Any], None]


class Broken(Exception):
    """A rule is broken.

    Args:
        got: what came, one line.
        part: the function or object at fault, to say where it is; by default the record's target.
    """

    def __init__(self, got: str, part: object = None) -> None:
        super().__init__(got)
        self.part = part


class Exempt(Exception):
    """A rule does not bind the subject, by its own declaration or for want of a device: shown as skipped."""


class NotApplicable(Exception):
    """There is nothing that the rule could be about."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What one check came to.

    Attributes:
        subject: ``plugin/name``.
        kind: kind of the record.
        check: name of the check.
        status: see `Status`.
        expected: the rule, one line.
        got: what came instead, or why it was not checked; empty if it passed.
        where: ``file:line`` of the author's code, or empty.
    """

    subject: str
    kind: str
    check: str
    status: Status
    expected: str
    got: str = ""
    where: str = ""

    def __str__(self) -> str:
        head = f"{self.subject}: {self.check}: {self.status}"
        lines = [head, f"  expected: {self.expected}", f"  got: {self.got}"]
        return "\n".join(lines + [f"  look at: {self.where}"] * bool(self.where)) if self.got else head

    def record(self) -> dict[str, str]:
        """As plain data."""
        return asdict(self)


def expectation(check: Check) -> str:
    """The rule behind a check: the first line of its docstring."""
    return (inspect.getdoc(check) or check.__name__).splitlines()[0].rstrip(".")


def judge(check: Check, subject: Subject, kind: str) -> Finding:
    """Run a check. What it changes in the process is put back; warnings are let pass, as in a run."""
    found = partial(Finding, subject=subject.full_name, kind=kind, check=check.__name__, expected=expectation(check))
    try:
        with undisturbed():
            warnings.simplefilter("ignore")
            check(subject)
    except Broken as broken:
        return found(status="failed", got=str(broken), where=_line_of(broken.part or subject.target, subject.home))
    except Exempt as reason:
        return found(status="skipped", got=str(reason))
    except NotApplicable as reason:
        return found(status="n/a", got=str(reason))
    except Exception as error:  # what the author's code raised
        where = _line_in(error, subject.home) or _line_of(subject.target, subject.home)
        return found(status="failed", got=one_line(error), where=where)
    return found(status="ok")


def own_files(home: str) -> tuple[Path, ...]:
    """The folder or file of the top-level package that a module belongs to; nothing if it cannot be found."""
    try:
        spec = importlib.util.find_spec(home.partition(".")[0])
    except (ImportError, ValueError):
        return ()
    if spec is None:
        return ()
    if spec.submodule_search_locations:
        return tuple(Path(folder).resolve() for folder in spec.submodule_search_locations)
    return (Path(spec.origin).resolve(),) if spec.origin else ()


def line_in_log(log: str, home: str) -> str:
    """``file:line`` of the innermost frame of the author's code in the stacks that faulthandler left in a log."""
    files = own_files(home)
    for name, line in re.findall(r'File "([^"]+)", line (\d+)', log):
        if _is_own(name, files):
            return _shown(name, int(line))
    return ""


def _line_in(error: BaseException, home: str) -> str:
    """``file:line`` of the innermost frame of the author's code in a traceback, the causes of an error included."""
    files = own_files(home)
    seen: list[BaseException] = []
    cause: BaseException | None = error
    while cause is not None and cause not in seen:
        seen.append(cause)
        cause = cause.__cause__ or cause.__context__
    for each in reversed(seen):
        own = [frame for frame in traceback.extract_tb(each.__traceback__) if _is_own(frame.filename, files)]
        if own:
            return _shown(own[-1].filename, own[-1].lineno or 0)
    return ""


def _line_of(part: object, home: str) -> str:
    """``file:line`` where a function, a class or an object's code begins, if it is the author's own."""
    code: Any = part.func if isinstance(part, partial) else part
    if not (inspect.isroutine(code) or inspect.isclass(code)):
        call = vars(type(code)).get("__call__")
        code = call if inspect.isfunction(call) else type(code)
    try:
        file, (_, line) = inspect.getsourcefile(code), inspect.getsourcelines(code)
    except (TypeError, OSError):
        return ""
    return _shown(file, line) if file and _is_own(file, own_files(home)) else ""


def _is_own(file: str, own: tuple[Path, ...]) -> bool:
    path = Path(file).resolve()
    return any(path == each or each in path.parents for each in own)


def _shown(file: str, line: int) -> str:
    path, here = Path(file).resolve(), Path.cwd()
    return f"{path.relative_to(here) if here in path.parents else path}:{line}"
