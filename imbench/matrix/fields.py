"""Types of single fields of a matrix file: what a user may write, and the value it becomes.

Each check raises ValueError with "expected …, got …"; pydantic adds the path of the field.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from packaging.requirements import InvalidRequirement, Requirement
from pydantic import BeforeValidator, Field, PlainValidator

from imbench.errors import UsageError
from imbench.matrix.cell import NATURAL, Ratio
from imbench.matrix.expression import Scalar, Term, check_name, parse_expression
from imbench.matrix.units import parse_memory, parse_seconds

__all__ = [
    "Expression",
    "FieldError",
    "Grid",
    "Memory",
    "Name",
    "Params",
    "RatioField",
    "Requires",
    "Seconds",
    "Seeds",
    "Text",
    "is_file",
    "parse_seeds",
    "shown",
]

#: Seeds are stored as 64-bit integers.
LARGEST_SEED = 2**63 - 1
#: More seeds than this are a slip of the keyboard.
MOST_SEEDS = 10_000

Value = TypeVar("Value")


class FieldError(ValueError):
    """A fault found by a check of a whole table, and the field in it that has the fault."""

    def __init__(self, where: tuple[str | int, ...], problem: str) -> None:
        super().__init__(problem)
        self.where = where


def shown(value: object, length: int = 60) -> str:
    """The value as an error message shows it, cut to a length."""
    try:
        return repr(value)[:length]
    except ValueError:  # an integer of thousands of digits
        return "a huge number"


def is_file(path: Path) -> bool:
    """Whether there is a file; a name that no file can have (too long, with a zero byte) is none."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def _usage_as_value_error(check: Callable[..., Value], *arguments: Any) -> Value:
    """Pydantic gathers ValueErrors only."""
    try:
        return check(*arguments)
    except UsageError as error:
        raise ValueError(str(error)) from None


def _ratio(value: object) -> Ratio:
    if value == NATURAL:
        return NATURAL
    if isinstance(value, int | float) and not isinstance(value, bool) and 1 <= value < 1e15:
        # 50 and 50.0 are one ratio and must name one random stream
        return float(value)
    raise ValueError(f'expected a number of at least 1 or "natural", got {shown(value)}')


def parse_seeds(value: object) -> tuple[int, ...]:
    """Seeds of a list, or 0 … n-1 of a number n. Raises ValueError."""
    wanted = "expected a number of seeds, or a list of whole numbers of at least 0"
    if type(value) is int and 1 <= value <= MOST_SEEDS:
        return tuple(range(value))
    if not isinstance(value, list | tuple):
        raise ValueError(f"{wanted}, got {shown(value)}")
    for seed in value:
        if type(seed) is not int or not 0 <= seed <= LARGEST_SEED:
            raise ValueError(f"{wanted}, got {shown(seed)}")
    if not 1 <= len(value) <= MOST_SEEDS:
        raise ValueError(f"expected between 1 and {MOST_SEEDS} seeds, got {len(value)}")
    return tuple(dict.fromkeys(value))


def _name(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(f"expected a name, got {shown(value)}")
    for piece in value.split("/", 1):
        _usage_as_value_error(check_name, piece, "name")
    return value


def _text(value: str) -> str:
    if not value.isprintable():
        raise ValueError(f"expected one line of printable text, got {shown(value)}")
    return value


def _expression(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(f"expected a strategy like 'smote+focal', got {shown(value)}")
    _usage_as_value_error(parse_expression, value)
    return value.strip()


def _scalar(key: str, value: object) -> Scalar:
    if not isinstance(value, Scalar):
        raise ValueError(f"{key}: expected a number, a string or true/false, got {shown(value)}")
    _usage_as_value_error(Term, "params", {key.rpartition(".")[2]: value})
    return value


def _flat(value: object) -> dict[str, object]:
    """``{focal = {gamma = 2}}``, which TOML makes of ``focal.gamma = 2``, as ``{"focal.gamma": 2}``."""
    if not isinstance(value, dict):
        raise ValueError(f"expected a table of parameters, got {shown(value)}")
    flat: dict[str, object] = {}
    for key, item in value.items():
        pairs = {f"{key}.{inner}": each for inner, each in item.items()} if isinstance(item, dict) else {key: item}
        for name, each in pairs.items():
            if name in flat:
                raise ValueError(f"{name!r} is given twice")
            if not name.rpartition(".")[2].isidentifier():
                raise ValueError(f"expected a parameter name or 'strategy.parameter', got {shown(name)}")
            flat[name] = each
    return flat


def _params(value: object) -> dict[str, Scalar]:
    return {key: _scalar(key, item) for key, item in _flat(value).items()}


def _grid(value: object) -> dict[str, tuple[Scalar, ...]]:
    grid: dict[str, tuple[Scalar, ...]] = {}
    for key, items in _flat(value).items():
        if not isinstance(items, list | tuple) or not items:
            raise ValueError(f"{key}: expected a list of values, got {shown(items)}")
        grid[key] = tuple(_scalar(key, item) for item in items)
    return grid


def _requirement(value: object) -> str:
    try:
        return str(Requirement(str(value)))
    except InvalidRequirement:
        raise ValueError(f"expected a requirement like 'my-plugin>=0.1', got {shown(value)}") from None


Text = Annotated[str, BeforeValidator(lambda value: _text(value) if isinstance(value, str) else value)]
Name = Annotated[str, PlainValidator(_name, json_schema_input_type=Annotated[str, Field(pattern=r"^[a-z0-9]")])]
RatioField = Annotated[
    Ratio, PlainValidator(_ratio, json_schema_input_type=Annotated[float, Field(ge=1)] | Literal["natural"])
]
Seeds = Annotated[
    tuple[int, ...],
    BeforeValidator(
        parse_seeds,
        json_schema_input_type=Annotated[int, Field(ge=1, le=MOST_SEEDS)]
        | Annotated[list[Annotated[int, Field(ge=0)]], Field(min_length=1)],
    ),
]
Expression = Annotated[str, PlainValidator(_expression, json_schema_input_type=str)]
Params = Annotated[
    dict[str, Scalar], BeforeValidator(_params, json_schema_input_type=dict[str, Scalar | dict[str, Scalar]])
]
Grid = Annotated[
    dict[str, tuple[Scalar, ...]],
    BeforeValidator(_grid, json_schema_input_type=dict[str, list[Scalar] | dict[str, list[Scalar]]]),
]
Seconds = Annotated[float, PlainValidator(parse_seconds, json_schema_input_type=Annotated[float, Field(gt=0)] | str)]
Memory = Annotated[int, PlainValidator(parse_memory, json_schema_input_type=Annotated[int, Field(gt=0)] | str)]
Requires = Annotated[str, PlainValidator(_requirement, json_schema_input_type=str)]
