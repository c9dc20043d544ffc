"""TOML file or name of a built-in matrix → Matrix."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from importlib import metadata, resources
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from pydantic import ValidationError

from imbench.errors import EnvironmentFault, PluginError, UsageError, did_you_mean
from imbench.matrix.fields import is_file
from imbench.matrix.problems import field_path, first_problem, line_of
from imbench.matrix.schema import Matrix

__all__ = ["builtin_names", "check_requirements", "load_matrix", "matrix_text", "parse_matrix", "place_of"]

#: A matrix file larger than this is something else.
LARGEST_FILE = 4 * 2**20


def builtin_names() -> list[str]:
    """Names of the matrices that come with imbench, sorted."""
    folder = resources.files("imbench.matrix") / "builtin"
    return sorted(entry.name.removesuffix(".toml") for entry in folder.iterdir() if entry.name.endswith(".toml"))


def load_matrix(file_or_name: str | Path, *, requirements: bool = True) -> Matrix:
    """Read a matrix: a TOML file, or the name of a built-in one.

    Args:
        file_or_name: anything with a ``/`` or a suffix is a file; a plain word is a built-in matrix.
        requirements: whether to check that what the matrix ``requires`` is installed.

    Raises:
        UsageError: no such file or name, broken TOML, wrong field; one line with place and remedy.
        PluginError: a required distribution is missing or has another version.
        EnvironmentFault: the file cannot be read.
    """
    name = str(file_or_name)
    source = _source(name)
    text = matrix_text(name)
    if _is_builtin(name):
        matrix = parse_matrix(text, source=source, name=name)
    else:
        path = Path(name).expanduser()
        matrix = parse_matrix(text, source=source, name=path.stem, folder=path.parent)
    if requirements:
        check_requirements(matrix, name)
    return matrix


def place_of(file_or_name: str | Path, where: Sequence[str | int]) -> str:
    """``m.toml:3``: the matrix and the line of a field in it. Raises as `load_matrix` does."""
    name = str(file_or_name)
    line = line_of(matrix_text(name), where)
    return f"{_source(name)}:{line}" if line else _source(name)


def matrix_text(file_or_name: str | Path) -> str:
    """The TOML of a matrix file or a built-in matrix. Raises as `load_matrix` does."""
    name = str(file_or_name)
    if _is_builtin(name):
        return (resources.files("imbench.matrix") / "builtin" / f"{name}.toml").read_text("utf-8")
    return _read(_existing(name))


def parse_matrix(text: str, *, source: str = "matrix", name: str = "matrix", folder: Path | None = None) -> Matrix:
    """Validate the text of a matrix file.

    Args:
        text: TOML.
        source: what error messages call it.
        name: name of the matrix if the text gives none.
        folder: relative paths start here, and files must exist; without a folder paths are not looked at.

    Raises:
        UsageError: broken TOML or a wrong field.
    """
    data = _parse_toml(text, source)
    data.setdefault("name", "".join(filter(str.isprintable, name))[:100] or "matrix")
    try:
        return Matrix.model_validate(data, context={"folder": folder})
    except ValidationError as error:
        problem, line = first_problem(error, text)
        raise UsageError(f"{source}{f':{line}' if line else ''}: {problem}") from None


def check_requirements(matrix: Matrix, file_or_name: str = "") -> None:
    """Compare ``requires`` with what is installed. Raises PluginError that says where it stands and what to install."""
    for index, text in enumerate(matrix.requires):
        requirement = Requirement(text)
        if requirement.marker and not requirement.marker.evaluate():
            continue
        field = ("requires", index)
        place = f"{place_of(file_or_name, field)}: {field_path(field)}: " if file_or_name else ""
        try:
            installed = metadata.version(requirement.name)
        except metadata.PackageNotFoundError:
            raise PluginError(
                f"{place}matrix {matrix.name!r} requires {text}, which is not installed: pip install '{text}'"
            ) from None
        if not requirement.specifier.contains(installed, prereleases=True):
            raise PluginError(
                f"{place}matrix {matrix.name!r} requires {text}, but {installed} is installed: pip install '{text}'"
            )


def _source(name: str) -> str:
    """What messages call the matrix."""
    return f"{name}.toml" if _is_builtin(name) else name


def _is_builtin(name: str) -> bool:
    """A file of that very name goes first."""
    return name in builtin_names() and not is_file(Path(name))


def _existing(name: str) -> Path:
    path = Path(name).expanduser()
    if is_file(path):
        return path
    looks_like_file = "/" in name or path.suffix
    known = [str(each) for each in Path().glob("*.toml")] if looks_like_file else builtin_names()
    what = "a matrix file or the name of a built-in matrix"
    raise UsageError(f"expected {what}, found neither at {name!r}{did_you_mean(name, known)}")


def _read(path: Path) -> str:
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise UsageError(
                f"{path}: expected a matrix file in TOML, got {path.stat().st_size} bytes of something else"
            )
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(
            f"{path}: expected TOML in UTF-8, got byte {error.object[error.start]:#x} at {error.start}"
        ) from None
    except OSError as error:
        raise EnvironmentFault(f"cannot read the matrix file {path}: {error.strerror or error}") from None


def _parse_toml(text: str, source: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:  # its message ends in "(at line 3, column 7)"
        raise UsageError(f"{source}: broken TOML: {error}") from None
    except ValueError as error:  # a date that does not exist, an integer of thousands of digits
        raise UsageError(f"{source}: broken TOML: {error}") from None
    except RecursionError:
        raise UsageError(f"{source}: broken TOML: nested too deeply") from None
