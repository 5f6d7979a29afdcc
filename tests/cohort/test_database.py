"""Tables from real databases: SQLite files, and a PostgreSQL server that the test starts."""

import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pg8000.dbapi
import pytest
from postgresql_server import PASSWORD, postgresql_server

from cacs_cxr.cohort.database import faults_of_query, read_query
from cacs_cxr.cohort.site_inputs import TableInput
from cacs_cxr.cohort.site_tables import read_site_table
from cacs_cxr.database_address import holds_password, resolved, sqlite_file, variable_of
from cacs_cxr.faults import InputError

SELECT = "SELECT id, born, score, note FROM scores ORDER BY id"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "study.db"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE scores (id TEXT, born DATE, score REAL, note TEXT)")
    rows = [("007", "1950-02-01", 12.0, " Käthe "), ("8", None, 0.5, "10:30 %s"), ("9", "1951-01-01", None, None)]
    connection.executemany("INSERT INTO scores VALUES (?, ?, ?, ?)", rows)
    connection.commit()
    connection.close()
    return path


def fault(query: str, *, address: str, greatest_rows: int = 100) -> str:
    with pytest.raises(InputError) as caught:
        read_query(place="query of home.scores", address=address, query=query, greatest_rows=greatest_rows)
    assert len(caught.value.faults) == 1
    return str(caught.value.faults[0])


def test_rows_of_sqlite_are_the_text_that_a_csv_would_hold(file: Path) -> None:
    table = TableInput("", {}, database=f"sqlite:///{file}", query=SELECT + ";", name="home.scores")
    frame = read_site_table(table)
    assert table.place == "query of home.scores"
    assert frame.columns.tolist() == ["id", "born", "score", "note"]
    assert frame.index.tolist() == [2, 3, 4]
    assert frame.to_numpy().tolist() == [
        ["007", "1950-02-01", "12", "Käthe"],
        ["8", "", "0.5", "10:30 %s"],
        ["9", "1951-01-01", "", ""],
    ]


def test_colons_and_percent_signs_of_a_query_are_its_own(file: Path) -> None:
    query = "SELECT '12:30' AS at, id AS \"a:b\" FROM scores WHERE id LIKE '%7' -- :no parameter"
    records = read_query(place="q", address=f"sqlite:///{file}", query=query)
    assert (records.header, records.cells.to_numpy().tolist()) == (("at", "a:b"), [["12:30", "007"]])


def test_a_missing_sqlite_file_is_a_fault_and_is_not_made(tmp_path: Path) -> None:
    path = tmp_path / "absent.db"
    assert "no such file" in fault(SELECT, address=f"sqlite:///{path}")
    assert not path.exists()


def test_sqlite_cannot_be_written_through_a_query(file: Path) -> None:
    before = file.read_bytes()
    assert "'delete'" in fault("WITH gone AS (SELECT 1) delete FROM scores", address=f"sqlite:///{file}")
    assert "more than one statement" in fault("SELECT 1; SELECT 2", address=f"sqlite:///{file}")
    # What no word of the query betrays, the file's mode forbids.
    assert "not authorized" in fault("SELECT load_extension('x')", address=f"sqlite:///{file}")
    assert file.read_bytes() == before
    assert {path.name for path in file.parent.iterdir()} == {"study.db"}


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", "nothing"),
        ("DROP TABLE scores", "DROP"),
        ("-- SELECT\nUPDATE scores SET id = 1", "UPDATE"),
        ("SELECT id INTO copied FROM scores", "INTO"),
        ("SELECT 1 /* ; */ ; DELETE FROM scores", "more than one statement"),
        ("WITH gone AS (DELETE FROM scores RETURNING id) SELECT id FROM gone", "DELETE"),
    ],
)
def test_what_could_change_something_is_refused_before_anything_is_opened(query: str, found: str) -> None:
    faults = faults_of_query(query, place="query of home.scores")
    assert [(one.column, one.value) for one in faults] == [("query", found)]


@pytest.mark.parametrize(
    "query",
    [
        "SELECT \"update\", '; drop table x' FROM t /* delete; */",
        "  with x as (select 1) select * from x ;",
        "Select\n1",
    ],
)
def test_words_of_sql_in_strings_names_and_comments_do_not_count(query: str) -> None:
    assert faults_of_query(query, place="q") == []


def test_faults_of_a_query_name_what_is_wrong_with_it(file: Path) -> None:
    address = f"sqlite:///{file}"
    assert "no such column: agatston" in fault("SELECT agatston FROM scores", address=address)
    assert "expected at most 2 rows" in fault(SELECT, address=address, greatest_rows=2)
    nobody = TableInput("", {}, database=address, query="SELECT * FROM scores WHERE id = 'x'", name="home.scores")
    with pytest.raises(InputError, match=r"query of home\.scores: found 'a header only'"):
        read_site_table(nobody)


def test_addresses(monkeypatch: pytest.MonkeyPatch, file: Path) -> None:
    monkeypatch.delenv("STUDY_DATABASE", raising=False)
    assert "environment variable STUDY_DATABASE, which is not set" in fault(SELECT, address="$STUDY_DATABASE")
    monkeypatch.setenv("STUDY_DATABASE", f"sqlite:///{file}")
    assert len(read_query(place="q", address="$STUDY_DATABASE", query=SELECT).cells) == 3
    assert variable_of("${STUDY_DATABASE}") == "STUDY_DATABASE"
    assert resolved("sqlite:///a.db", environment={}) == "sqlite:///a.db"
    assert [sqlite_file(url) for url in ("sqlite:///a%20b.db", "sqlite:////a/b.db?x=1", "postgresql://h/d")] == [
        "a b.db",
        "/a/b.db",
        None,
    ]
    assert "a dialect that SQLAlchemy does not know" in fault(SELECT, address="clay://tablet")
    assert "driver is not installed" in fault(SELECT, address="oracle+oracledb://user@host/study")
    assert "another text" in fault(SELECT, address="a database")


@pytest.mark.parametrize(
    "address", ["postgresql://u:secret@h/d", "postgresql+pg8000://h/d?user=u&password=secret", "mysql://u:secret@[h/d"]
)
def test_a_password_in_the_configuration_is_a_fault_that_does_not_show_it(address: str) -> None:
    assert holds_password(address)
    message = fault(SELECT, address=address)
    assert "$NAME" in message
    assert "secret" not in message


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    # The folders of pytest are closed to the user whom the server runs as.
    with tempfile.TemporaryDirectory(prefix="postgresql-of-a-test-") as folder:
        Path(folder).chmod(0o755)
        with postgresql_server(Path(folder)) as address:
            yield address


def on_server(address: str, *statements: str) -> list[tuple[object, ...]]:
    """Run statements as the owner of the database; rows of the last."""
    port = int(address.rpartition(":")[2].partition("/")[0])
    connection = pg8000.dbapi.connect("study", host="127.0.0.1", port=port, password=PASSWORD, database="postgres")
    try:
        cursor = connection.cursor()
        for statement in statements:
            cursor.execute(statement)
        rows = [tuple(row) for row in cursor.fetchall()] if cursor.description else []
        connection.commit()
        return rows
    finally:
        connection.close()


@pytest.mark.slow
def test_postgresql_is_read_and_cannot_be_written(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    on_server(
        server,
        "CREATE TABLE ct (id text, day date, at timestamptz, score numeric, whole float8, seen boolean)",
        "INSERT INTO ct VALUES ('007', '2019-03-31', '2019-03-31 10:20+00', 12.50, 3, true), ('Käthe', null, null, "
        "null, null, null)",
        "CREATE FUNCTION spoil() RETURNS int LANGUAGE sql AS $$ DELETE FROM ct RETURNING 1 $$",
    )
    monkeypatch.setenv("STUDY_DATABASE", server)
    query = "SELECT id, day, at, score, whole::float8, seen FROM ct WHERE id LIKE '%' ORDER BY id"
    records = read_query(place="q", address="$STUDY_DATABASE", query=query)
    assert records.header == ("id", "day", "at", "score", "whole", "seen")
    assert records.cells.to_numpy().tolist() == [
        ["007", "2019-03-31", "2019-03-31 10:20:00+00:00", "12.50", "3", "True"],
        ["Käthe", "", "", "", "", ""],
    ]
    refused = fault("SELECT spoil()", address="$STUDY_DATABASE")
    assert "25006" in refused
    assert "read-only transaction" in refused
    writable = "SELECT set_config('transaction_read_only', 'off', true), spoil()"
    assert "25" in fault(writable, address="$STUDY_DATABASE")
    assert on_server(server, "SELECT count(*) FROM ct") == [(2,)]


@pytest.mark.slow
def test_messages_of_postgresql_hold_no_row_and_no_password(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    on_server(server, "CREATE TABLE people (name text)", "INSERT INTO people VALUES ('Mrs Kim')")
    monkeypatch.setenv("STUDY_DATABASE", server)
    assert 'relation "nobody" does not exist' in fault("SELECT * FROM nobody", address="$STUDY_DATABASE")
    message = fault("SELECT name::int FROM people", address="$STUDY_DATABASE")
    assert "22P02" in message
    assert "Kim" not in message
    monkeypatch.setenv("STUDY_DATABASE", server.replace(PASSWORD, "another-secret"))
    message = fault("SELECT 1", address="$STUDY_DATABASE")
    assert "28P01" in message
    assert "another-secret" not in message
