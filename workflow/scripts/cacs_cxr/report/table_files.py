"""Printed tables for a manuscript: LaTeX with booktabs, and one HTML document that a word processor opens as tables."""

from collections.abc import Mapping, Sequence
from html import escape

import pandas as pd

LONG_CELL = 28  # letters beyond which a column gets a width and wraps
LATEX = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": "$<$", ">": "$>$", "≥": r"$\ge$", "≤": r"$\le$",
    "−": "$-$", "×": r"$\times$", "±": r"$\pm$", "²": "$^2$", "µ": r"$\mu$", "→": r"$\to$", "–": "--", "—": "---",
    "“": "``", "”": "''", "’": "'", "…": r"\dots{}", "\u00a0": "~",
}  # fmt: skip
DOCUMENT = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>{title}</title>
<style>
@page WordSection1 {{ size: 841.9pt 595.3pt; mso-page-orientation: landscape; margin: 50pt; }}
div.WordSection1 {{ page: WordSection1; }}
body {{ font: 10pt "Times New Roman", serif; }}
table {{ border-collapse: collapse; margin-bottom: 28pt; page-break-inside: auto; }}
caption {{ text-align: left; padding-bottom: 4pt; }}
th, td {{ font-size: 8.5pt; text-align: left; vertical-align: top; padding: 2pt 8pt 2pt 0; font-weight: normal; }}
thead th {{ border-top: 1.5pt solid black; border-bottom: .75pt solid black; font-weight: bold; }}
tbody tr:last-child th, tbody tr:last-child td {{ border-bottom: 1.5pt solid black; }}
</style>
</head>
<body>
<div class="WordSection1">
{tables}
</div>
</body>
</html>
"""


def shown(frame: pd.DataFrame) -> pd.DataFrame:
    """A printed table as readers see it: text, without the column `simulated` and a note that is always empty."""
    text = frame.drop(columns=["simulated"], errors="ignore").fillna("").astype(str)
    empty = [column for column in ("note",) if column in text and (text[column] == "").all()]
    return text.drop(columns=empty)


def latex_table(frame: pd.DataFrame, *, caption: str, label: str) -> str:
    """A table environment for LaTeX with booktabs; the document needs ``\\usepackage{booktabs}``.

    Args:
        frame: as printed; long columns wrap at a share of the text width by their longest cells.
        caption: plain text.
        label: for ``\\ref``, prefixed with ``tab:``.
    """
    text = shown(frame)
    lengths = {name: max([len(str(name)), *text[name].str.len()]) for name in text}
    total = sum(lengths.values())
    columns = "".join(
        f"p{{{0.88 * length / total:.2f}\\textwidth}}" if length > LONG_CELL else "l" for length in lengths.values()
    )
    rows = [" & ".join(latex(cell) for cell in row) + r" \\" for row in text.itertuples(index=False, name=None)]
    return "\n".join(
        [
            r"\begin{table}",
            r"\centering\footnotesize\setlength{\tabcolsep}{3pt}",
            rf"\caption{{{latex(caption)}}}",
            rf"\label{{tab:{label}}}",
            rf"\begin{{tabular}}{{{columns}}}",
            r"\toprule",
            " & ".join(latex(str(name)) for name in text.columns) + r" \\",
            r"\midrule",
            *rows,
            r"\bottomrule",
            r"\end{tabular}",
            r"\end{table}",
            "",
        ]
    )


def latex(text: str) -> str:
    """Plain text as LaTeX: special characters escaped, signs as mathematics."""
    return "".join(LATEX.get(letter, letter) for letter in text)


def tables_document(tables: Mapping[str, pd.DataFrame], captions: Mapping[str, str], *, title: str) -> str:
    """One HTML document of all tables that have rows and a caption, numbered; word processors open it as tables."""
    listed = [name for name, frame in tables.items() if name in captions and len(frame)]
    parts = [
        _html_table(shown(tables[name]), caption=f"<b>Table {number}.</b> {escape(captions[name])}")
        for number, name in enumerate(listed, start=1)
    ]
    return DOCUMENT.format(title=escape(title), tables="\n".join(parts))


def _html_table(frame: pd.DataFrame, *, caption: str) -> str:
    head = "".join(f'<th scope="col">{escape(str(name))}</th>' for name in frame.columns)
    rows = "\n".join(f"<tr>{_html_row(row)}</tr>" for row in frame.itertuples(index=False, name=None))
    return f"<table>\n<caption>{caption}</caption>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{rows}\n</tbody>\n</table>"


def _html_row(cells: Sequence[str]) -> str:
    first, *rest = (escape(cell) for cell in cells)
    return f'<th scope="row">{first}</th>{"".join(f"<td>{cell}</td>" for cell in rest)}'
