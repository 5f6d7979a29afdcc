"""Survival by actual and by predicted category."""


rule analyse_prognosis:
    input:
        analysis="results/cohort/analysis.parquet",
        predicted_categories="results/evaluation/predicted_categories.parquet",
        study="results/cohort/study.json",
    output:
        kaplan_meier="results/prognosis/kaplan_meier.csv",
        logrank="results/prognosis/logrank.csv",
        cox="results/prognosis/cox.csv",
        cox_tests="results/prognosis/cox_tests.csv",
        concordance="results/prognosis/concordance.csv",
        incidence="results/prognosis/incidence.csv",
    log:
        "logs/analyse_prognosis.log",
    benchmark:
        "logs/benchmarks/analyse_prognosis.tsv"
    conda:
        "../../envs/stats.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 4000 * attempt,
        runtime=lambda wildcards, attempt: 60 * attempt,
    params:
        code=code("analyse_prognosis.py"),
        prognosis=config["prognosis"],
        seed=config["seed"],
    message:
        "analysed survival by actual and predicted category"
    script:
        "../scripts/analyse_prognosis.py"
