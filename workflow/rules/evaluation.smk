"""Discrimination, operating points and predicted categories."""


rule evaluate:
    input:
        analysis="results/cohort/analysis.parquet",
        predictions="results/predictions/predictions.parquet",
        study="results/cohort/study.json",
    output:
        discrimination="results/evaluation/discrimination.csv",
        auc_comparison="results/evaluation/auc_comparison.csv",
        roc="results/evaluation/roc.csv",
        cutoffs="results/evaluation/cutoffs.csv",
        operating_points="results/evaluation/operating_points.csv",
        predicted_categories="results/evaluation/predicted_categories.parquet",
        confusion="results/evaluation/confusion.csv",
    log:
        "logs/evaluate.log",
    benchmark:
        "logs/benchmarks/evaluate.tsv"
    conda:
        "../../envs/stats.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 4000 * attempt,
        runtime=lambda wildcards, attempt: 60 * attempt,
    params:
        code=code("evaluate.py"),
        cutoff_rule=config["evaluation"]["cutoff_rule"],
    message:
        "evaluated discrimination and categories"
    script:
        "../scripts/evaluate.py"
