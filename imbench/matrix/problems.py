"""What is wrong with a matrix file, in one line: where, what was expected, what came."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from imbench.errors import UsageError, did_you_mean
from imbench.matrix.fields import FieldError, shown
from imbench.matrix.schema import Matrix

if TYPE_CHECKING:
    from pydantic import ValidationError
    from pydantic_core import ErrorDetails

__all__ = ["FieldFault", "field_path", "first_problem", "line_of"]

Path = Sequence[str | int]

_HEADER = re.compile(r"\s*(\[\[?)\s*([^\[\]\"'#]+?)\s*\]\]?\s*(#.*)?")
#: Comments, texts, and else single characters.
_TOKEN = re.compile(r"""#[^\n]*|\"{3}[\s\S]*?\"{3}|'{3}[\s\S]*?'{3}|"(?:\\.|[^"\\\n])*"|'[^'\n]*'|[^\s]|\n""")
_KEY = re.compile(r"\s*([A-Za-z0-9_.\"'-]+)\s*=")


class FieldFault(UsageError):
    """What a field of a matrix asks for cannot be: an unknown name, a broken rule.

    It knows the field, so that whoever knows the file can name the line.

    Attributes:
        where: steps to the field, such as ``("strategies", 0)``.
    """

    def __init__(self, where: Path, problem: object) -> None:
        super().__init__(f"{field_path(where)}: {problem}")
        self.where = tuple(where)


def first_problem(error: ValidationError, text: str = "") -> tuple[str, int | None]:
    """The first problem that pydantic found, in the order of the keys of the model, and its line in the TOML text."""
    # what is missing comes last: most often it is there, misspelt
    problems = sorted(_without_echoes(error.errors(include_url=False)), key=lambda each: each["type"] == "missing")
    where = problems[0]["loc"]
    if isinstance(fault := problems[0].get("ctx", {}).get("error"), FieldError):
        where = (*where, *fault.where)
    message = _message(problems[0])
    path = field_path(where)
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    return (f"{path}: {message}{more}" if path else f"{message}{more}"), line_of(text, where)


def field_path(where: Path) -> str:
    """``datasets[1].ratios[0]`` of ``("datasets", 1, "ratios", 0)``; control characters are shown escaped."""
    path = ""
    for step in where:
        path += f"[{step}]" if isinstance(step, int) else f".{_printable(step)}"
    return path.removeprefix(".")


def line_of(text: str, where: Path) -> int | None:
    """Line (from 1) of the field, or of the nearest table or array around it that has a line of its own."""
    best, length = None, 0
    table: tuple[str | int, ...] = ()
    seen: dict[tuple[str | int, ...], int] = {}
    inside_text = False
    for number, line in enumerate(text.splitlines(), start=1):
        was_inside, inside_text = inside_text, inside_text ^ bool((line.count('"""') + line.count("'''")) % 2)
        if was_inside:
            continue
        if header := _HEADER.fullmatch(line):
            table = tuple(part.strip() for part in header[2].split("."))
            if header[1] == "[[":
                seen[table] = seen.get(table, -1) + 1
                table = (*table, seen[table])
            found = table
        elif key := _KEY.match(line):
            found = (*table, *(part.strip("\"'") for part in key[1].split(".")))
        else:
            continue
        shared = _shared(found, where)
        if shared > length:
            best, length = number, shared
    if best and length < len(where) and isinstance(index := where[length], int):
        return _line_of_item(text, best, index)
    return best


def _line_of_item(text: str, first: int, index: int) -> int:
    """Line on which an item of the array begins that a key on the line ``first`` has; ``first`` if there is none."""
    line, depth, item = first, 0, 0
    value = "\n".join(text.splitlines()[first - 1 :]).partition("=")[2]
    for token in _TOKEN.findall(value):
        if depth == 1 and item == index and token not in "\n," and not token.startswith("#"):
            return line
        if token in "[{":
            depth += 1
        elif token in "]}":
            depth -= 1
            if depth <= 0:
                return first
        elif token == "," and depth == 1:
            item += 1
        line += token.count("\n")
    return first


def _shared(first: Path, second: Path) -> int:
    """How many steps two paths have in common."""
    return next(
        (n for n, (a, b) in enumerate(zip(first, second, strict=False)) if a != b), min(len(first), len(second))
    )


def _without_echoes(problems: list[ErrorDetails]) -> list[ErrorDetails]:
    """A list whose only item is wrong is reported as too short as well: the item is the problem."""
    around = {problem["loc"][:length] for problem in problems for length in range(len(problem["loc"]))}
    return [problem for problem in problems if problem["type"] != "too_short" or problem["loc"] not in around]


def _message(problem: ErrorDetails) -> str:
    kind, context = problem["type"], problem.get("ctx", {})
    if kind == "extra_forbidden":
        return f"unknown key{did_you_mean(str(problem['loc'][-1]), _known_keys(problem['loc'][:-1]))}"
    if kind == "missing":
        return "missing"
    if kind == "value_error":
        return str(context["error"])
    if kind == "too_short":
        return f"expected at least {context['min_length']} item(s), got {context['actual_length']}"
    wanted = {"model_type": "a table", "tuple_type": "a list", "string_type": "text", "bool_type": "true or false"}.get(
        kind, str(context.get("expected", ""))
    )
    if not wanted:
        return f"{_reworded(problem['msg'])}{_came(problem)}"
    hint = ""
    if kind == "literal_error" and isinstance(problem["input"], str):
        hint = did_you_mean(problem["input"], re.findall(r"'([^']+)'", wanted))
        hint = hint if "mean" in hint else ""
    return f"expected {wanted}{_came(problem)}{hint}"


def _reworded(message: str) -> str:
    for theirs, ours in (
        ("Input should be", "expected"),
        ("greater than or equal to", "at least"),
        ("less than or equal to", "at most"),
    ):
        message = message.replace(theirs, ours)
    return message


def _came(problem: ErrorDetails) -> str:
    return f", got {shown(problem['input'])}"


def _known_keys(where: Path) -> list[str]:
    """Keys of the table at a path of the model."""
    model: type[BaseModel] = Matrix
    for step in where:
        if isinstance(step, str):
            model = _table_of(model.model_fields[step].annotation)
    return list(model.model_fields)


def _table_of(annotation: Any) -> type[BaseModel]:
    """The one table type inside an annotation such as ``tuple[Annotated[DatasetEntry, …], ...]``."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for inner in getattr(annotation, "__args__", ()):
        if inner is not Ellipsis:
            return _table_of(inner)
    raise TypeError(f"{annotation!r} holds no table")


def _printable(step: str) -> str:
    return step[:60] if step.isprintable() and step else repr(step)[:60]
