"""Networks, one a threshold and fold; the external sites by the frozen ensemble; clinical and integrated models."""


rule train_network:
    input:
        images="results/images/images.npy",
        radiographs="results/images/images.parquet",
        cohort="results/cohort/cohort.parquet",
        folds="results/cohort/folds.csv",
    output:
        weights="results/models/{threshold}/fold-{fold}/weights.safetensors",
        metadata="results/models/{threshold}/fold-{fold}/metadata.json",
        logits="results/models/{threshold}/fold-{fold}/logits.parquet",
    log:
        "logs/train_network/{threshold}/{fold}.log",
    benchmark:
        "logs/benchmarks/train_network/{threshold}/{fold}.tsv"
    conda:
        "../../envs/torch.yaml"
    threads: config["training"]["threads"]
    resources:
        gpu=gpus(),
        mem_mb=lambda wildcards, attempt: 8000 * attempt,
        runtime=lambda wildcards, attempt: 240 * attempt,
    params:
        code=code("train_network.py"),
        development=site_names("development")[0],
        biomarker=config["biomarker"]["name"],
        thresholds=config["thresholds"],
        training=config["training"],
        seed=config["seed"],
    message:
        "trained {wildcards.threshold}, fold {wildcards.fold}"
    script:
        "../scripts/train_network.py"


rule predict_external:
    input:
        images="results/images/images.npy",
        cohort="results/cohort/cohort.parquet",
        weights=expand(
            "results/models/{{threshold}}/fold-{fold}/weights.safetensors",
            fold=folds(),
        ),
        metadata=expand(
            "results/models/{{threshold}}/fold-{fold}/metadata.json", fold=folds()
        ),
    output:
        logits="results/models/{threshold}/external_logits.parquet",
    log:
        "logs/predict_external/{threshold}.log",
    benchmark:
        "logs/benchmarks/predict_external/{threshold}.tsv"
    conda:
        "../../envs/torch.yaml"
    threads: config["training"]["threads"]
    resources:
        gpu=gpus(),
        mem_mb=lambda wildcards, attempt: 8000 * attempt,
        runtime=lambda wildcards, attempt: 60 * attempt,
    params:
        code=code("predict_external.py"),
        sites=site_names("external"),
        biomarker=config["biomarker"]["name"],
        thresholds=config["thresholds"],
        training=config["training"],
    message:
        "predicted the external sites, {wildcards.threshold}"
    script:
        "../scripts/predict_external.py"


rule models:
    input:
        expand(
            "results/models/{threshold}/fold-{fold}/weights.safetensors",
            threshold=thresholds(),
            fold=folds(),
        ),
    localrule: True


rule predict:
    input:
        cohort="results/cohort/cohort.parquet",
        folds="results/cohort/folds.csv",
        logits=expand(
            "results/models/{threshold}/fold-{fold}/logits.parquet",
            threshold=thresholds(),
            fold=folds(),
        ),
        external_logits=(
            expand(
                "results/models/{threshold}/external_logits.parquet",
                threshold=thresholds(),
            )
            if site_names("external")
            else []
        ),
    output:
        predictions="results/predictions/predictions.parquet",
        coefficients="results/predictions/coefficients.csv",
    log:
        "logs/predict.log",
    benchmark:
        "logs/benchmarks/predict.tsv"
    conda:
        "../../envs/stats.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 4000 * attempt,
        runtime=lambda wildcards, attempt: 30 * attempt,
    params:
        code=code("predict.py"),
        development=site_names("development")[0],
        definition=definition(),
        thresholds=thresholds(),
        fold_count=config["folds"]["count"],
    message:
        "calibrated, integrated and predicted"
    script:
        "../scripts/predict.py"


rule predictions:
    input:
        rules.predict.output,
    localrule: True
