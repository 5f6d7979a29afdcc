"""The rows that a query gives, read from a database in which it can change nothing.

SQLite files are opened read-only, PostgreSQL reads in a read-only transaction, any other database in a transaction that
is always rolled back. No message shows the address (it may hold a password) or a value of a row.
"""

import importlib.util
import re
import sqlite3
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import Connection, Engine, create_engine, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from cacs_cxr.database_address import (
    HIDE_PASSWORD,
    WITHOUT_PASSWORD,
    holds_password,
    resolved,
    sqlite_file,
    variable_of,
)
from cacs_cxr.delimited_text import Records
from cacs_cxr.faults import Fault, InputError
from cacs_cxr.typed_cells import records_of_rows

GREATEST_ROWS = 5_000_000
SECONDS = 600  # that a query of PostgreSQL may take
POSTGRESQL_DRIVERS = ("pg8000", "psycopg", "psycopg2")  # in the order in which an address without a driver tries them
_LITERAL = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|`[^`]*`|--[^\n]*|/\*.*?\*/", re.DOTALL)
_CHANGES = re.compile(
    r"(?i)\b(insert|update|delete|merge|replace\s+into|into|drop|alter|create|truncate|grant|revoke|call|exec|execute|copy|"
    r"attach|pragma|vacuum|lock)\b"
)
_SHOWN_STATES = ("08", "25", "28", "3D", "3F", "42")  # classes of SQLSTATE whose messages quote the query, never a row


def read_query(
    *, place: str, address: str, query: str, greatest_rows: int = GREATEST_ROWS, seconds: int = SECONDS
) -> Records:
    """Read the rows of one query.

    Args:
        place: what messages call the query.
        address: URL of SQLAlchemy without a password, or ``$NAME`` of an environment variable that holds one.
        query: one SELECT (or WITH ... SELECT).
        greatest_rows: more are a fault.
        seconds: time that PostgreSQL is given.

    Returns:
        Text of the result; row 1 are its columns' names, row 2 is its first row.

    Raises:
        InputError: an address with a password, of no database or no driver; a file that is missing; a query that could
            change something, or that the database refuses; no row or too many.
    """
    if faults := [*faults_of_address(address, place=place), *faults_of_query(query, place=place)]:
        raise InputError(faults)
    engine = _engine(resolved(address), place=place)
    try:
        with engine.connect() as connection, connection.begin() as transaction, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a driver's words on a type that it does not know
            _forbid_writing(connection, seconds=seconds)
            # A colon is SQLAlchemy's sign of a parameter, and there is none in the query.
            statement = text(query.strip().rstrip(";").replace(":", r"\:"))
            result = connection.execution_options(stream_results=True).execute(statement)
            names = list(result.keys())
            rows = result.fetchmany(greatest_rows + 1)
            result.close()
            transaction.rollback()
    except SQLAlchemyError as error:
        remedy = "Correct `query`, or `database`; try the query with the database's own client."
        raise InputError(
            [Fault(place, None, "", _reason(error), "a query that the database answers", remedy)]
        ) from None
    finally:
        engine.dispose()
    if len(rows) > greatest_rows:
        expected = f"at most {greatest_rows:,} rows"
        raise InputError([Fault(place, None, "", "more rows", expected, "Select the study's patients in the query.")])
    return records_of_rows(names, rows)


def faults_of_address(address: str, *, place: str) -> list[Fault]:
    """Faults of an address before anything is opened: a password, a variable not set, a file missing."""
    variable, given = variable_of(address), resolved(address)
    if variable is None and holds_password(address):
        return [
            Fault(
                f"configuration, {place}",
                None,
                "database",
                "an address with a password",
                WITHOUT_PASSWORD,
                HIDE_PASSWORD,
            )
        ]
    if not given:
        found = f"the environment variable {variable}, which is not set" if variable else "nothing"
        remedy = f"Set {variable or 'the address'} where the study is run, e.g. postgresql+pg8000://user@host/database."
        return [Fault(f"configuration, {place}", None, "database", found, "the address of a database", remedy)]
    file = sqlite_file(given)
    if file is not None and not Path(file).is_file():
        shown = "no such file" if file else "no file"
        remedy = "Correct the path; three slashes start it at the working directory, four at the root."
        return [Fault(f"configuration, {place}", None, "database", shown, "the file of an SQLite database", remedy)]
    return []


def faults_of_query(query: str, *, place: str) -> list[Fault]:
    """Faults of a query that is not one SELECT; strings, quoted names and comments do not count."""
    bare = _LITERAL.sub(" ", query).strip().rstrip(";").strip()
    where, remedy = (
        f"configuration, {place}",
        "Write one SELECT (or WITH ... SELECT); quote names that are words of SQL.",
    )
    if not re.match(r"(?i)(select|with)\b", bare):
        found = "nothing" if not bare else bare.split()[0][:20]
        return [
            Fault(
                f"configuration, {place}", None, "query", found, "one statement that starts with SELECT or WITH", remedy
            )
        ]
    if ";" in bare:
        return [Fault(where, None, "query", "more than one statement", "one SELECT", remedy)]
    if match := _CHANGES.search(bare):
        return [Fault(where, None, "query", match[0], "a query that changes nothing", remedy)]
    return []


def _engine(address: str, *, place: str) -> Engine:
    file = sqlite_file(address)
    if file is not None:
        # The engine opens what `creator` gives: a file that is absent is never made, one that is there never changed.
        uri = f"file:{quote(str(Path(file).absolute()))}?mode=ro"
        return create_engine("sqlite://", creator=lambda: sqlite3.connect(uri, uri=True), poolclass=NullPool)
    expected, remedy = "the address of a database", "Write it as dialect+driver://user@host:port/database."
    try:
        url = make_url(address)
        if url.drivername in ("postgresql", "postgres"):
            installed = (name for name in POSTGRESQL_DRIVERS if importlib.util.find_spec(name))
            url = url.set(drivername=f"postgresql+{next(installed, POSTGRESQL_DRIVERS[0])}")
        return create_engine(url, poolclass=NullPool)
    except NoSuchModuleError:
        found = "a dialect that SQLAlchemy does not know"
    except ModuleNotFoundError as error:
        found = f"a database whose driver is not installed: {error.name}"
        remedy = "Install the driver into the environment, or export the table as CSV (UTF-8)."
    except (ArgumentError, ValueError):
        found = "another text"
    raise InputError([Fault(f"configuration, {place}", None, "database", found, expected, remedy)])


def _forbid_writing(connection: Connection, *, seconds: int) -> None:
    commands: Mapping[str, tuple[str, ...]] = {
        "postgresql": ("SET TRANSACTION READ ONLY", f"SET LOCAL statement_timeout = '{seconds}s'"),
        "sqlite": ("PRAGMA query_only = ON",),
    }
    for command in commands.get(connection.dialect.name, ()):
        connection.exec_driver_sql(command)


def _reason(error: SQLAlchemyError) -> str:
    """What may be shown of an error: its kind, and the database's words where they are about the query."""
    if not isinstance(error, DBAPIError) or error.orig is None:
        return type(error).__name__
    kind, original = type(error.orig).__name__, error.orig
    if isinstance(original, sqlite3.OperationalError):
        return f"{kind}: {original}"
    given: Any = original.args[0] if original.args else None
    fields: Callable[[str], object] = given.get if isinstance(given, dict) else lambda _key: None
    state = str(fields("C") or getattr(original, "sqlstate", None) or getattr(original, "pgcode", None) or "")
    if not state:
        return kind
    words = fields("M") if state.startswith(_SHOWN_STATES) else None
    return f"{kind} {state}: {words}" if words else f"{kind} {state}"
