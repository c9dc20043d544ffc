"""Write `catalogue.py` anew from the installed smote-variants: ``python -m imbench_smote_variants.regenerate``."""

from __future__ import annotations

import importlib
import inspect
import re
import unicodedata
from pathlib import Path
from typing import Any

from imbench_smote_variants.record import Oversampler

__all__ = ["discover", "write"]

#: LaTeX's accents → the combining characters that do the same.
_ACCENTS = {"'": "\u0301", '"': "\u0308", "~": "\u0303"}

_HEAD = '''"""The oversamplers of smote-variants {version}, made by `regenerate.py`: do not edit."""

# ruff: noqa: E501, RUF001
# fmt: off
from __future__ import annotations

from imbench_smote_variants.record import Oversampler

__all__ = ["MADE_FROM", "OVERSAMPLERS"]

#: The version of smote-variants that was looked at.
MADE_FROM = "{version}"

OVERSAMPLERS: tuple[Oversampler, ...] = (
'''


def discover() -> tuple[Oversampler, ...]:
    """All oversamplers of the installed library, by its own list, sorted by name.

    Raises:
        ModuleNotFoundError: smote-variants, or something that it imports, is not installed.
    """
    library = importlib.import_module("smote_variants")
    multiclass = set(library.get_multiclass_oversamplers())
    found = [
        Oversampler(
            name=each.__name__,
            proportion="proportion" in inspect.signature(each).parameters,
            multiclass=each in multiclass,
            categories=tuple(each.categories),
            paper=_paper(_reference(each)),
        )
        for each in library.get_all_oversamplers()
    ]
    return tuple(sorted(found, key=lambda each: each.name.lower()))


def write() -> None:
    """Overwrite the catalogue next to this file."""
    version = importlib.import_module("smote_variants").__version__
    lines = "".join(f"    Oversampler{tuple(each)!r},\n" for each in discover())
    Path(__file__).with_name("catalogue.py").write_text(_HEAD.format(version=version) + lines + ")\n", encoding="utf-8")


def _reference(oversampler: Any) -> str:
    """The docstring from its first BibTeX entry on, of the class or of the one it is made from; empty without one."""
    for each in oversampler.__mro__:
        _, at, entry = (each.__doc__ or "").partition("@")
        if at:
            return str(entry)
    return ""


def _paper(entry: str) -> str:
    """``Authors year, title, doi:…`` of a BibTeX entry."""
    if not entry:
        return "smote-variants names none"
    doi = _field(entry, "doi").removeprefix("https://doi.org/")
    key = entry.partition("{")[2].partition(",")[0]
    # one entry has no author field; its key begins with the name
    authors = _authors(_field(entry, "author")) or key.rstrip("0123456789").title()
    return f"{authors} {_field(entry, 'year')}, {_field(entry, 'title')}" + (f", doi:{doi}" if doi else "")


def _field(entry: str, name: str) -> str:
    """The value of a BibTeX field on one line, without braces; empty if it is absent."""
    found = re.search(rf"\b{name}\s*=\s*([{{\"])", entry, re.IGNORECASE)
    if found is None:
        return ""
    depth, value = 0, ""
    for sign in entry[found.end() :]:
        depth += (sign == "{") - (sign == "}")
        if depth < 0 or (sign == '"' and found[1] == '"' and depth == 0):
            break
        value += sign
    # \\'{a} and {\\'a}, and {'a} where Python has taken the backslash
    value = re.sub(r"\\(['\"~])\\?\{?(\w)|\{(['\"~])\\?(\w)", _accented, value)
    value = " ".join(value.replace("{", "").replace("}", "").split())
    # a replacement that the library's author once made in all its files, in references too
    return value.replace("\\", "").replace("OverSamplingSimplexSimplex", "over-sampling")


def _accented(found: re.Match[str]) -> str:
    accent, letter = found[1] or found[3], found[2] or found[4]
    return unicodedata.normalize("NFC", letter + _ACCENTS[accent])


def _authors(value: str) -> str:
    """One surname, two joined by ``&``, or the first and ``et al.``."""
    people = [person for person in value.split(" and ") if person]
    surnames = [
        person.partition(",")[0].strip() if "," in person else person.split()[-1] for person in map(str.strip, people)
    ]
    return " & ".join(surnames) if len(surnames) < 3 else f"{surnames[0]} et al."


if __name__ == "__main__":
    write()
