"""The SQLite file of a store: opening, checking, and what its errors mean to a user."""

from __future__ import annotations

import errno
import hashlib
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from imbench.errors import EnvironmentFault, ImbenchError
from imbench.matrix.seeds import canonical_json
from imbench.results.scores import sync_folder

__all__ = ["SCHEMA", "connect", "damaged", "pack", "transaction", "translated"]

#: Version of the tables. Readers refuse what they do not know.
SCHEMA = 1

#: ``imbn``: marks the SQLite file as ours.
_APPLICATION_ID = 0x696D626E

#: Bytes; no SQLite file that holds anything is shorter.
_SMALLEST_PAGE = 512

#: Seconds to wait for another process's transaction (one lasts milliseconds).
_BUSY_SECONDS = 20

_TABLES = """
CREATE TABLE attempts (id INTEGER PRIMARY KEY, key TEXT NOT NULL, good INTEGER NOT NULL,
                       sha256 TEXT NOT NULL, record TEXT NOT NULL);
CREATE TABLE costs (id INTEGER PRIMARY KEY, key TEXT NOT NULL, good INTEGER NOT NULL,
                    sha256 TEXT NOT NULL, record TEXT NOT NULL);
CREATE TABLE notes (name TEXT PRIMARY KEY, sha256 TEXT NOT NULL, record TEXT NOT NULL);
CREATE INDEX attempts_by_key ON attempts (key, good, id);
CREATE INDEX costs_by_key ON costs (key, good, id)
"""


def connect(folder: Path, *, create: bool, readonly: bool) -> sqlite3.Connection:
    """Open ``results.db`` of a folder, checked; in autocommit, so that every transaction is written out.

    Raises:
        EnvironmentFault: missing, not writable, not a store, damaged, or of a newer imbench.
    """
    with translated(folder):
        _check_folder(folder, create=create and not readonly)
        database = _open(folder, readonly=readonly)
        try:
            _check_schema(folder, database, writable=not readonly)
        except BaseException:
            database.close()
            raise
    return database


@contextmanager
def transaction(folder: Path, database: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """All of the block is on the disk when it ends, or nothing of it."""
    with translated(folder):
        database.execute("BEGIN IMMEDIATE")
        try:
            yield database
            database.execute("COMMIT")
        finally:
            if database.in_transaction:
                database.execute("ROLLBACK")


def pack(value: Any, what: str) -> tuple[str, str]:
    """Canonical JSON and its sha256. Lone surrogates (bytes that were not UTF-8 once) become ``?``."""
    try:
        data = canonical_json(value).encode("utf-8", "replace")
    except (TypeError, ValueError) as error:
        raise ImbenchError(f"{what}: expected values that JSON can hold (no NaN, no arrays): {error}") from error
    return data.decode(), hashlib.sha256(data).hexdigest()


def damaged(folder: Path, detail: str) -> EnvironmentFault:
    """The error for a store that cannot be trusted; ``detail`` says how that is known."""
    detail = " ".join(detail.split())[:200]
    return EnvironmentFault(
        f"store {folder} is damaged ({detail}): restore results.db from a copy, or start again with another --store"
    )


@contextmanager
def translated(folder: Path) -> Iterator[None]:
    """Turn what the disk and SQLite say into one line that names the store and what to do."""
    try:
        yield
    except sqlite3.ProgrammingError:
        raise  # a closed store or another thread: our mistake, not the disk's
    except UnicodeDecodeError as error:
        raise damaged(folder, "text that is not UTF-8") from error
    except sqlite3.Error as error:
        match _code(error):
            case sqlite3.SQLITE_NOTADB | sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_FORMAT | sqlite3.SQLITE_MISMATCH:
                raise damaged(folder, str(error)) from error
            case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_PERM:
                what = "cannot be written: make the folder writable, or give another --store"
            case sqlite3.SQLITE_FULL | sqlite3.SQLITE_IOERR:
                what = "could not be written, disk full or failing: free space and run the same command again"
            case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
                what = "is busy with another process: run the same command again when that one is done"
            case _:
                raise damaged(folder, str(error)) from error
        raise EnvironmentFault(f"store {folder} {what} ({error})") from error
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
        advice = "free space and run the same command again" if full else "make it writable, or give another --store"
        raise EnvironmentFault(f"store {folder} failed ({error.strerror or error}): {advice}") from error


def _check_folder(folder: Path, *, create: bool) -> None:
    if folder.exists() and not folder.is_dir():
        raise EnvironmentFault(f"store {folder}: expected a folder, found a file: give another --store")
    if not create and not (folder / "results.db").is_file():
        raise EnvironmentFault(
            f"store {folder} does not exist: expected a folder with results.db; `imbench run` makes one"
        )
    folder.mkdir(parents=True, exist_ok=True)


def _open(folder: Path, *, readonly: bool) -> sqlite3.Connection:
    """Connect; autocommit, so that every transaction is written out in this file."""
    uri = (folder / "results.db").as_uri()
    if not readonly:
        return sqlite3.connect(f"{uri}?mode=rwc", uri=True, timeout=_BUSY_SECONDS, isolation_level=None)
    database = sqlite3.connect(f"{uri}?mode=ro", uri=True, timeout=_BUSY_SECONDS, isolation_level=None)
    try:
        database.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.OperationalError as error:
        database.close()
        log = folder / "results.db-wal"
        pending = log.exists() and log.stat().st_size > 0
        if pending or _code(error) not in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY):
            raise
        # WAL needs a file beside the database even for reading. Where none can be made, nobody can be writing
        # either, and without a log the database is whole by itself.
        database = sqlite3.connect(f"{uri}?immutable=1", uri=True, isolation_level=None)
    return database


def _check_schema(folder: Path, database: sqlite3.Connection, *, writable: bool) -> None:
    """Refuse what is not a store of this version; make the tables in an empty database."""
    if writable:
        # one transaction, so that two first runs at once, or a kill in here, leave either no table or all of them
        database.execute("BEGIN IMMEDIATE")
        if _pragma(database, "schema_version") == 0 and _pragma(database, "application_id") == 0:
            if any((folder / "scores").glob("??/*.f32z")):
                raise damaged(folder, "results.db is empty although there are score files")
            for statement in _TABLES.split(";"):
                database.execute(statement)
            database.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
            database.execute(f"PRAGMA user_version = {SCHEMA}")
        database.execute("COMMIT")
    if (folder / "results.db").stat().st_size < _SMALLEST_PAGE:
        raise damaged(folder, "results.db is cut off")
    if _pragma(database, "application_id") != _APPLICATION_ID:
        raise EnvironmentFault(f"store {folder}: results.db is not a store of imbench: give another --store")
    version = _pragma(database, "user_version")
    if version > SCHEMA:
        raise EnvironmentFault(
            f"store {folder} has format {version}, this imbench reads up to {SCHEMA}: update imbench"
        )
    if version < SCHEMA:
        raise damaged(folder, f"format {version} never existed")
    problem = database.execute("PRAGMA integrity_check(1)").fetchone()[0]
    if problem != "ok":
        raise damaged(folder, problem)
    if writable:
        database.execute("PRAGMA synchronous = FULL")
        mode = database.execute("PRAGMA journal_mode = WAL").fetchone()[0]
        if mode != "wal":
            raise EnvironmentFault(f"store {folder}: this file system cannot hold a write-ahead log: use a local disk")
        sync_folder(folder)


def _pragma(database: sqlite3.Connection, name: str) -> int:
    value: int = database.execute(f"PRAGMA {name}").fetchone()[0]
    return value


def _code(error: sqlite3.Error) -> int:
    """Primary result code of SQLite (the extended ones keep it in their low byte), 0 if there is none."""
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF
