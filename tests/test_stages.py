"""The study as a graph, from what the workflow declares."""

from cacs_cxr.stages import DeclaredRule, stage_rows, steps

RULES = [
    DeclaredRule("all", "Snakefile", ("results/report.html",), ()),
    DeclaredRule("index", "imaging", ("data/{site}/a.csv",), ("restricted/{site,[a-z]+}/index.parquet",)),
    DeclaredRule(
        "link", "cohort", ("restricted/home/index.parquet", "restricted/away/index.parquet"), ("selection.csv",)
    ),
    DeclaredRule("train", "training", ("selection.csv",), (r"models/fold-{fold,\d+}/weights",)),
    DeclaredRule(
        "evaluate", "evaluation", ("models/fold-0/weights", "models/fold-1/weights", "selection.csv"), ("auc.csv",)
    ),
    DeclaredRule("report", "report", ("auc.csv", "selection.csv"), ("results/report.html",)),
    DeclaredRule("unused", "report", ("auc.csv",), ("other.txt",)),
]


def test_rules_follow_what_they_need_and_name_only_the_nearest() -> None:
    rows = stage_rows(RULES, targets=["results/report.html"])
    assert [(row["rule"], row["jobs"], row["after"]) for row in rows] == [
        ("index", 2, ""),
        ("link", 1, "index"),
        ("train", 2, "link"),
        ("evaluate", 1, "train"),
        ("report", 1, "evaluate"),
    ]
    assert list(steps(rows).values()) == [0, 1, 2, 3, 4]


def test_only_what_the_targets_need_is_listed() -> None:
    assert "unused" not in {row["rule"] for row in stage_rows(RULES, targets=["results/report.html"])}
    assert [row["rule"] for row in stage_rows(RULES, targets=["selection.csv"])] == ["index", "link"]
