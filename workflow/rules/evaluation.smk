"""Evaluation: discrimination, operating points, calibration, usefulness, subgroups, sensitivity and robustness."""

if config["start_from"] == "sites":

    rule predict_corrupted:
        input:
            images="results/images/images.npy",
            cohort="results/cohort/cohort.parquet",
            folds="results/cohort/folds.csv",
            coefficients="results/predictions/coefficients.csv",
            weights=expand(
                "results/models/cxr/{threshold}/fold-{fold}/member-{member}/weights.safetensors",
                threshold=tested_on_corruptions(),
                fold=folds(),
                member=members(),
            ),
            metadata=expand(
                "results/models/cxr/{threshold}/fold-{fold}/member-{member}/metadata.json",
                threshold=tested_on_corruptions(),
                fold=folds(),
                member=members(),
            ),
        output:
            corrupted="results/predictions/corrupted_predictions.csv",
        log:
            "logs/predict_corrupted.log",
        benchmark:
            "logs/benchmarks/predict_corrupted.tsv"
        conda:
            "../../envs/torch.yaml"
        threads: config["training"]["threads"]
        resources:
            gpu=gpus(),
            mem_mb=lambda wildcards, attempt: 8000 * attempt,
            runtime=lambda wildcards, attempt: 60 * attempt,
        params:
            code=code("predict_corrupted.py"),
            trained=[tested_on_corruptions(), list(folds()), list(members())],
            definition=definition(),
            patients=config["evaluation"]["robustness"]["patients"],
            corruptions=config["evaluation"]["robustness"]["corruptions"],
            severities=config["evaluation"]["robustness"]["severities"],
            seed=config["seed"],
            device=config["training"]["device"],
        message:
            "predicted corrupted radiographs"
        script:
            "../scripts/predict_corrupted.py"


rule evaluate:
    input:
        analysis="results/cohort/analysis.parquet",
        predictions="results/predictions/predictions.parquet",
        study="results/cohort/study.json",
    output:
        discrimination="results/evaluation/discrimination.csv",
        auc_comparison="results/evaluation/auc_comparison.csv",
        site_comparison="results/evaluation/site_comparison.csv",
        roc="results/evaluation/roc.csv",
        cutoffs="results/evaluation/cutoffs.csv",
        operating_points="results/evaluation/operating_points.csv",
        operating_points_by_rule="results/evaluation/operating_points_by_rule.csv",
        operating_point_comparison="results/evaluation/operating_point_comparison.csv",
        predictive_values="results/evaluation/predictive_values.csv",
        predicted_categories="results/evaluation/predicted_categories.parquet",
        confusion="results/evaluation/confusion.csv",
        agreement="results/evaluation/agreement.csv",
    log:
        "logs/evaluate.log",
    benchmark:
        "logs/benchmarks/evaluate.tsv"
    # Its categories are what the longest jobs wait for.
    priority: 10
    conda:
        "../../envs/stats.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 4000 * attempt,
        runtime=lambda wildcards, attempt: 60 * attempt,
    params:
        code=code("evaluate.py"),
        cutoff_rule=config["evaluation"]["cutoff_rule"],
        rules=config["evaluation"]["operating_points"],
        prevalences=config["evaluation"]["prevalences"],
    message:
        "evaluated discrimination and categories"
    script:
        "../scripts/evaluate.py"


rule evaluate_calibration:
    input:
        analysis="results/cohort/analysis.parquet",
        predictions="results/predictions/predictions.parquet",
        study="results/cohort/study.json",
    output:
        calibration="results/evaluation/calibration.csv",
        calibration_curve="results/evaluation/calibration_curve.csv",
        probability_distribution="results/evaluation/probability_distribution.csv",
        decision_curve="results/evaluation/decision_curve.csv",
        net_benefit_comparison="results/evaluation/net_benefit_comparison.csv",
        precision="results/evaluation/precision.csv",
    log:
        "logs/evaluate_calibration.log",
    benchmark:
        "logs/benchmarks/evaluate_calibration.tsv"
    conda:
        "../../envs/stats.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 4000 * attempt,
        runtime=lambda wildcards, attempt: 60 * attempt,
    params:
        code=code("evaluate_calibration.py"),
        decision=config["evaluation"]["decision"],
        bootstrap=config["evaluation"]["bootstrap"],
        widths=config["evaluation"]["precision"]["widths"],
        threshold_probability=config["evaluation"]["precision"]["threshold_probability"],
        seed=config["seed"],
    message:
        "evaluated calibration and net benefit"
    script:
        "../scripts/evaluate_calibration.py"


rule evaluate_subgroups:
    input:
        analysis="results/cohort/analysis.parquet",
        predictions="results/predictions/predictions.parquet",
        study="results/cohort/study.json",
        corrupted="results/predictions/corrupted_predictions.csv",
    output:
        subgroups="results/evaluation/subgroups.csv",
        subgroup_tests="results/evaluation/subgroup_tests.csv",
        within_strata="results/evaluation/within_strata.csv",
        sensitivity="results/evaluation/sensitivity.csv",
        robustness="results/evaluation/robustness.csv",
    log:
        "logs/evaluate_subgroups.log",
    benchmark:
        "logs/benchmarks/evaluate_subgroups.tsv"
    conda:
        "../../envs/stats.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 4000 * attempt,
        runtime=lambda wildcards, attempt: 60 * attempt,
    params:
        code=code("evaluate_subgroups.py"),
        cutoff_rule=config["evaluation"]["cutoff_rule"],
        bands=config["evaluation"]["subgroups"]["bands"],
        least=config["evaluation"]["subgroups"]["minimum_per_class"],
        analyses=config["evaluation"]["sensitivity"],
    message:
        "evaluated subgroups, sensitivity and robustness"
    script:
        "../scripts/evaluate_subgroups.py"
