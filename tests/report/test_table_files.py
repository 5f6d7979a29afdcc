"""Tables for manuscripts: nothing of a cell is markup, and columns fit the page."""

import pandas as pd

from cacs_cxr.report.table_files import latex, latex_table, tables_document

FRAME = pd.DataFrame({"site": ["a_b", "<i>"], "AUC (95 % CI)": ["0.75 (0.70–0.80)", "−0.1 & more"], "note": ["", ""]})


def test_signs_of_latex_are_escaped_and_others_become_mathematics() -> None:
    assert latex("5 % of a_b & {x} ≥ 3 − 1 ~ \\") == (
        r"5 \% of a\_b \& \{x\} $\ge$ 3 $-$ 1 \textasciitilde{} \textbackslash{}"
    )


def test_latex_has_a_row_a_line_and_no_empty_note() -> None:
    text = latex_table(FRAME.assign(simulated=True), caption="AUC, 95 % CI", label="auc")
    assert r"\begin{tabular}{ll}" in text
    assert r"a\_b & 0.75 (0.70--0.80) \\" in text
    assert r"$<$i$>$ & $-$0.1 \& more \\" in text
    assert "simulated" not in text
    wide = latex_table(pd.DataFrame({"a": ["x" * 60], "b": ["y" * 60]}), caption="", label="wide")
    assert r"{p{0.44\textwidth}p{0.44\textwidth}}" in wide


def test_document_holds_only_tables_with_rows_and_a_caption() -> None:
    tables = {"first": FRAME, "empty": FRAME.iloc[:0], "unnamed": FRAME}
    page = tables_document(tables, {"first": "One & only", "empty": "None"}, title="A <study>")
    assert page.count("<table>") == 1
    assert "<b>Table 1.</b> One &amp; only" in page
    assert "<td>0.75 (0.70–0.80)</td>" in page
    assert "&lt;i&gt;" in page
    assert "A &lt;study&gt;" in page
