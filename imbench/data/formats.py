"""Files → DataFrames, without pandas' kindness: what is wrong with a file is said, not repaired.

pandas renames duplicate columns, pads short rows, and takes the first column for an index when rows are longer than
the header. In a benchmark each of these silently changes the question, so each is an error here.
"""

from __future__ import annotations

import csv
import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pandas as pd

from imbench.errors import UsageError, one_line

__all__ = ["SUFFIXES", "read_frame"]

#: Suffix → (kind, separator). The longest suffix wins.
SUFFIXES = {
    ".csv": ("csv", ","),
    ".csv.gz": ("csv", ","),
    ".tsv": ("csv", "\t"),
    ".tsv.gz": ("csv", "\t"),
    ".parquet": ("parquet", ""),
    ".pq": ("parquet", ""),
}

#: First bytes of what people rename to .csv by mistake.
_MAGIC = {
    b"\x89PNG": "a PNG image",
    b"\xff\xd8\xff": "a JPEG image",
    b"PK\x03\x04": "a zip or Excel file",
    b"PAR1": "a Parquet file",
    b"\x1f\x8b": "a gzip file",
    b"%PDF": "a PDF",
    b"\xd0\xcf\x11\xe0": "an old Excel file",
    b"\xff\xfe": "UTF-16 text (save it as UTF-8)",
    b"\xfe\xff": "UTF-16 text (save it as UTF-8)",
}


def read_frame(path: Path) -> pd.DataFrame:
    """Read a CSV, TSV (both also gzipped) or Parquet file, strictly.

    Raises:
        UsageError: missing or empty file, unknown suffix, contents that are not what the suffix says, duplicate column
            names, rows of different length, no row at all.
    """
    if not path.exists():
        near = sorted(other.name for other in path.parent.glob("*") if other.name.lower().endswith(tuple(SUFFIXES)))
        seen = f"; data files beside it: {', '.join(near[:5])}" if near else ""
        raise UsageError(f"{path}: no such file{seen}")
    if not path.is_file():
        raise UsageError(f"{path}: expected a file, got a folder")
    if path.stat().st_size == 0:
        raise UsageError(f"{path}: the file is empty")
    suffix = max((end for end in SUFFIXES if path.name.lower().endswith(end)), key=len, default=None)
    if suffix is None:
        raise UsageError(f"{path}: expected a name that ends in one of {', '.join(SUFFIXES)}")
    kind, separator = SUFFIXES[suffix]
    frame = _read_parquet(path) if kind == "parquet" else _read_csv(path, separator, zipped=suffix.endswith(".gz"))
    if frame.empty:
        raise UsageError(f"{path}: the file has column names but no rows")
    return frame


def _read_parquet(path: Path) -> pd.DataFrame:
    import pyarrow as pa
    import pyarrow.parquet as pq

    with path.open("rb") as stream:
        head = stream.read(4)
    if head != b"PAR1":
        raise UsageError(f"{path}: expected a Parquet file, got {_guess(head) or 'something else (is it a CSV?)'}")
    try:
        _refuse_twins(path, pq.read_schema(path).names)
        return pd.read_parquet(path)
    except (OSError, pa.ArrowException, ValueError) as error:
        raise UsageError(f"{path}: a damaged Parquet file ({one_line(error)[:200]})") from error


def _read_csv(path: Path, separator: str, *, zipped: bool) -> pd.DataFrame:
    with path.open("rb") as stream:
        head = stream.read(4)
    if zipped != head.startswith(b"\x1f\x8b"):
        wanted = "a gzip file" if zipped else "text"
        raise UsageError(f"{path}: expected {wanted}, got {_guess(head) or 'something else'}")
    if not zipped and (guess := _guess(head)):
        raise UsageError(f"{path}: expected text with separated values, got {guess}")
    with _blaming(path):
        with _text(path, zipped) as stream:
            _check_records(path, separator, stream)
        with _text(path, zipped) as stream:
            # low_memory=False: one type a column, not one a chunk
            return pd.read_csv(stream, sep=separator, low_memory=False, index_col=False)


def _text(path: Path, zipped: bool) -> IO[str]:
    if zipped:
        return gzip.open(path, "rt", encoding="utf-8-sig", newline="")
    return path.open("r", encoding="utf-8-sig", newline="")


@contextmanager
def _blaming(path: Path) -> Iterator[None]:
    """What goes wrong in the bytes is the file's fault, in one line."""
    try:
        yield
    except UnicodeDecodeError as error:
        raise UsageError(
            f"{path}: expected UTF-8 text, got byte {error.object[error.start]:#04x}: save it as UTF-8"
        ) from error
    except (csv.Error, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise UsageError(f"{path}: not readable as separated values ({one_line(error)[:200]})") from error
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise UsageError(f"{path}: a damaged gzip file ({one_line(error)[:200]})") from error
    except OSError as error:
        raise UsageError(f"{path}: cannot be read ({error.strerror or error})") from error


def _check_records(path: Path, separator: str, stream: IO[str]) -> None:
    """Every record as long as the header, and a header of unique names; blank lines are skipped, as pandas does."""
    records = csv.reader(_without_nul(path, stream), delimiter=separator)
    header: list[str] = next((record for record in records if record), [])
    if not any(name.strip() for name in header):
        raise UsageError(f"{path}: the file has no header")
    _refuse_twins(path, header)
    other = next((sign for sign in (",", ";", "\t", "|") if sign != separator and sign in header[0]), None)
    if len(header) == 1 and other:
        raise UsageError(f"{path}: expected columns separated by {separator!r}, got a header separated by {other!r}")
    for record in records:
        if len(record) != len(header) and record:
            line = records.line_num
            raise UsageError(
                f"{path}: expected {len(header)} values a row, as in the header, got {len(record)} in line {line}"
            )


def _without_nul(path: Path, lines: IO[str]) -> Iterator[str]:
    for number, line in enumerate(lines, start=1):
        if "\0" in line:
            raise UsageError(f"{path}: expected text with separated values, got binary data in line {number}")
        yield line


def _refuse_twins(path: Path, names: list[str]) -> None:
    for name in names:
        if names.count(name) > 1:
            raise UsageError(f"{path}: column name {name!r} occurs {names.count(name)} times: rename or drop one")


def _guess(head: bytes) -> str:
    return next((what for magic, what in _MAGIC.items() if head.startswith(magic)), "")
