"""Tables for print, the report, the archive and the manifest."""

EVIDENCE = {
    "study": "results/cohort/study.json",
    "configuration": "results/cohort/configuration.json",
    "analysis": "results/cohort/analysis.parquet",
    "flow": "results/cohort/flow.csv",
    "radiographs": "results/images/radiographs.csv",
    "discrimination": "results/evaluation/discrimination.csv",
    "comparison": "results/evaluation/auc_comparison.csv",
    "operating_points": "results/evaluation/operating_points.csv",
    "confusion": "results/evaluation/confusion.csv",
    **{
        name: f"results/evaluation/{name}.csv"
        for name in (
            "site_comparison",
            "operating_points_by_rule",
            "agreement",
            "calibration",
            "decision_curve",
            "net_benefit_comparison",
            "precision",
            "subgroups",
            "subgroup_tests",
            "within_strata",
            "sensitivity",
            "robustness",
        )
    },
    "logrank": "results/prognosis/logrank.csv",
    "cox": "results/prognosis/cox.csv",
    "concordance": "results/prognosis/concordance.csv",
    "incidence": "results/prognosis/incidence.csv",
}


rule write_tables:
    input:
        **EVIDENCE,
    output:
        **{table: f"results/tables/{table}.csv" for table in TABLES},
    log:
        "logs/write_tables.log",
    conda:
        "../../envs/stats.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        code=code("write_tables.py"),
    message:
        "wrote the tables"
    script:
        "../scripts/write_tables.py"


rule tables:
    input:
        expand("results/tables/{table}.csv", table=TABLES),
    localrule: True


rule write_report:
    input:
        **EVIDENCE,
        tables=expand("results/tables/{table}.csv", table=TABLES),
        figures=expand("results/figures/{figure}.png", figure=FIGURES),
        sheets=contact_sheets("png"),
        manifest="results/manifest.json",
    output:
        report="results/report.html",
    log:
        "logs/write_report.log",
    conda:
        "../../envs/stats.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        code=code("write_report.py"),
    message:
        "wrote results/report.html"
    script:
        "../scripts/write_report.py"


rule report:
    input:
        "results/report.html",
    localrule: True


rule write_archive:
    input:
        analysis="results/cohort/analysis.parquet",
        predictions="results/predictions/predictions.parquet",
        flow="results/cohort/flow.csv",
        study="results/cohort/study.json",
        configuration="results/cohort/configuration.json",
        radiographs="results/images/radiographs.csv",
        distributions="results/images/distributions.csv",
        corrupted=corrupted_predictions(),
    output:
        archive="results/archive.tar.gz",
    log:
        "logs/write_archive.log",
    conda:
        "../../envs/stats.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        code=code("write_archive.py"),
        sites=config["sites"] if config["start_from"] == "sites" else [],
    message:
        "wrote results/archive.tar.gz"
    script:
        "../scripts/write_archive.py"


rule archive:
    input:
        "results/archive.tar.gz",
    localrule: True


rule write_manifest:
    input:
        results=[
            "results/predictions/predictions.parquet",
            *expand("results/tables/{table}.csv", table=TABLES),
            *expand("results/figures/{figure}.csv", figure=FIGURES),
            *contact_sheets("csv"),
        ],
    output:
        manifest="results/manifest.json",
    log:
        "logs/write_manifest.log",
    conda:
        "../../envs/stats.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=60,
    params:
        code=code("write_manifest.py"),
        config=dict(config),
        inputs=(
            [config["archive"]]
            if config["start_from"] == "predictions"
            else site_tables(site_names()) + radiograph_folders(site_names())
        ),
        benchmarks="logs/benchmarks",
    message:
        "wrote results/manifest.json"
    script:
        "../scripts/write_manifest.py"
