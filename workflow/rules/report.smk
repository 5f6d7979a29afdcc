"""Tables for print, the report, the archive and the manifest."""

EVIDENCE = {
    "study": "results/cohort/study.json",
    "configuration": "results/cohort/configuration.json",
    "analysis": "results/cohort/analysis.parquet",
    "flow": "results/cohort/flow.csv",
    "stages": "results/cohort/stages.csv",
    "radiographs": "results/images/radiographs.csv",
    "networks": "results/models/networks.csv",
    "coefficients": "results/predictions/coefficients.csv",
    "network_calibration": "results/predictions/network_calibration.csv",
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
            "robustness",
        )
    },
    "evaluation_sensitivity": "results/evaluation/sensitivity.csv",
    "logrank": "results/prognosis/logrank.csv",
    "cox": "results/prognosis/cox.csv",
    "concordance": "results/prognosis/concordance.csv",
    "incidence": "results/prognosis/incidence.csv",
    **{
        name: f"results/prognosis/{name}.csv"
        for name in (
            "incremental_value",
            "incremental_comparisons",
            "information_carried",
            "discordant",
            "few_events",
            "proportional_hazards",
            "hazard_periods",
            "restricted_means",
            "competing_incidence",
            "competing_hazards",
            "sensitivity",
        )
    },
    **network_tables(),
}


rule write_tables:
    input:
        **EVIDENCE,
        versions="results/cohort/versions.json",
    output:
        tables=[
            report(
                f"results/tables/{table}.csv",
                category="Tables",
                caption=caption_file("table", table),
                labels={"table": table.replace("_", " ")},
            )
            for table in TABLES
        ],
        latex=[f"results/tables/{table}.tex" for table in TABLES],
        document="results/tables/tables.html",
        cards="results/model_cards.md",
    log:
        "logs/write_tables.log",
    localrule: True
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
        rules.write_tables.output,
    localrule: True


rule write_report:
    input:
        **EVIDENCE,
        tables=expand("results/tables/{table}.csv", table=TABLES),
        figures=drawn(FIGURES, "png"),
        pictures=pictures("png"),
        manifest="results/manifest.json",
    output:
        report=report(
            "results/report.html", category="Report", caption="../report/report.rst"
        ),
        figure_captions=[f"results/captions/figure_{name}.rst" for name in FIGURES],
        table_captions=[f"results/captions/table_{name}.rst" for name in TABLES],
    log:
        "logs/write_report.log",
    localrule: True
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
        versions="results/cohort/versions.json",
        supplements=supplements(),
        tables=expand("results/tables/{table}.csv", table=TABLES),
        cards="results/model_cards.md",
    output:
        archive="results/archive.tar.gz",
    log:
        "logs/write_archive.log",
    localrule: True
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
        stages="results/cohort/stages.csv",
        versions="results/cohort/versions.json",
        results=[
            "results/predictions/predictions.parquet",
            *expand("results/tables/{table}.csv", table=TABLES),
            *drawn(FIGURES, "csv"),
            *pictures("csv"),
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
        logs="logs",
    message:
        "wrote results/manifest.json"
    script:
        "../scripts/write_manifest.py"
