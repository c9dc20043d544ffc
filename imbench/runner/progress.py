"""What a run tells about itself while it goes on."""

from __future__ import annotations

from typing import Protocol

from imbench.results.result import Result

__all__ = ["Observer", "Silent"]


class Observer(Protocol):
    """Watches a run; results never depend on it."""

    def planned(self, total: int, done: int) -> None:
        """How many cells there are and how many of them are done already."""
        ...

    def started(self, label: str) -> None:
        """What is being worked on now."""
        ...

    def finished(self, result: Result) -> None:
        """A cell has its result, whatever it is; it is in the store already."""
        ...

    def note(self, text: str) -> None:
        """Something worth a line."""
        ...

    def close(self) -> None:
        """The run is over, one way or another."""
        ...


class Silent:
    """An observer that says nothing."""

    def planned(self, total: int, done: int) -> None: ...

    def started(self, label: str) -> None: ...

    def finished(self, result: Result) -> None: ...

    def note(self, text: str) -> None: ...

    def close(self) -> None: ...
