"""Where in a matrix file a fault is: file and line before the path of the field."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from imbench.errors import UsageError

__all__ = ["placed", "placing"]


def placed(error: Exception, file_or_name: str | None) -> str:
    """``m.toml:3: strategies[0]: …`` of a fault of a field; the message as it is of any other, or without a file."""
    from imbench.matrix.loading import place_of
    from imbench.matrix.problems import FieldFault

    if file_or_name is None or not isinstance(error, FieldFault):
        return str(error)
    return f"{place_of(file_or_name, error.where)}: {error}"


@contextmanager
def placing(file_or_name: str | None) -> Iterator[None]:
    """Name the file and line of the matrix in what is wrong with one of its fields."""
    from imbench.matrix.problems import FieldFault

    try:
        yield
    except FieldFault as error:
        raise UsageError(placed(error, file_or_name)) from error
