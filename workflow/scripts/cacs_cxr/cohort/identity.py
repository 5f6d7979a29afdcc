"""Who is who: patients in two sites, and identifiers that one table writes differently from another."""

from collections.abc import Callable, Sequence

import pandas as pd

from cacs_cxr.cohort.columns import Column
from cacs_cxr.cohort.site_inputs import SiteTables, TableInput
from cacs_cxr.faults import Fault
from cacs_cxr.identifiers import other_paddings


def development_first(tables: Sequence[SiteTables]) -> list[int]:
    """Positions of the sites in the order in which they come: the development site, then the others in theirs."""
    return sorted(range(len(tables)), key=lambda index: (tables[index].site.role != "development", index))


def in_earlier_site(tables: Sequence[SiteTables]) -> list["pd.Series[int]"]:
    """For each patient of each site, the position of the earlier site that lists the same identifier, or -1."""
    owner: dict[str, int] = {}
    result: list[pd.Series[int]] = [pd.Series(-1, index=table.patients.index) for table in tables]
    for position in development_first(tables):
        listed = tables[position].patients["patient"]
        result[position] = listed.map(owner).fillna(-1).astype(int)
        for identifier in listed:
            if identifier:
                owner.setdefault(identifier, position)
    return result


def faults_of_shared_patients(tables: Sequence[SiteTables]) -> list[Fault]:
    faults = []
    for table, owners in zip(tables, in_earlier_site(tables), strict=True):
        column = _column_of_identifiers(table)
        for position in sorted(set(owners[owners >= 0])):
            first = tables[position]
            rows = first.patients.drop_duplicates("patient").set_index("patient")["table_row"]
            found = "the patient of row " + table.patients["patient"].map(rows).fillna(0).astype(int).astype(str)
            found = (found + f" of {first.site.patients.place}").set_axis(column.cells.index)
            faults += column.faults(
                (owners == position).set_axis(column.cells.index),
                expected="a patient of one site only",
                remedy="If it is the same person, delete the row or set `guards.patient_in_two_sites: exclude`; "
                "if the sites merely number alike, put a site's name before its identifiers, radiographs included.",
                found=found,
            )
    return faults


def _column_of_identifiers(table: SiteTables) -> Column:
    cells = table.patients.set_index("table_row")["patient"]
    return Column(table.site.patients.place, table.site.patients.columns["patient"], cells)


def count_strangers(
    identifiers: "pd.Series[str]", known: "pd.Series[str]", *, source: TableInput
) -> tuple[int, list[Fault]]:
    """Rows of patients whom the patients table does not list, and a fault where the tables write them differently."""
    given = identifiers[identifiers != ""]
    faults = faults_of_writing(given, set(known), file=source.place, column=source.columns["patient"])
    return int((~given.isin(known)).sum()), faults


def faults_of_writing(
    given: "pd.Series[str]", listed: set[str], *, file: str, column: str, written: Callable[[str], str] = str
) -> list[Fault]:
    """Faults of identifiers that cannot be those of the patients table.

    Args:
        given: identifiers of a table or of radiographs.
        listed: identifiers of the patients table.
        written: how `given` writes an identifier of the patients table, e.g. as its pseudonym.

    Returns:
        A fault where leading zeros alone tell some of them from the table's, or where none of them is in the table.
    """
    strange = given[~given.isin({written(identifier) for identifier in listed})]
    if strange.empty:
        return []
    paddings = {written(other) for identifier in listed if identifier for other in other_paddings(identifier)}
    alike = int(strange.isin(paddings).sum())
    remedy = "Export the column of identifiers as text in every table."
    if alike:
        found = f"{alike} identifiers that differ from the patients table's by leading zeros"
        return [Fault(file, None, column, found, "identifiers written as in the patients table", remedy)]
    if len(strange) == len(given):
        return [
            Fault(file, None, column, "no identifier of the patients table", "the same identifiers as there", remedy)
        ]
    return []
