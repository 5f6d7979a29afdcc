"""Networks, one a threshold and fold; the external sites by the frozen ensemble; clinical and integrated models."""


rule fetch_weights:
    output:
        weights="results/models/initial.safetensors",
        metadata="results/models/initial.json",
    log:
        "logs/fetch_weights.log",
    localrule: True
    conda:
        "../../envs/torch.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime=60,
    params:
        code=code("fetch_weights.py"),
        backbone=config["training"]["backbone"],
    message:
        "fetched the first weights of {params.backbone}"
    script:
        "../scripts/fetch_weights.py"


rule train_network:
    input:
        images="results/images/images.npy",
        radiographs="results/images/images.parquet",
        cohort="results/cohort/cohort.parquet",
        folds="results/cohort/folds.csv",
        initial=initial_weights(),
    output:
        weights="results/models/{network}/{threshold}/fold-{fold}/member-{member}/weights.safetensors",
        metadata="results/models/{network}/{threshold}/fold-{fold}/member-{member}/metadata.json",
        logits="results/models/{network}/{threshold}/fold-{fold}/member-{member}/logits.parquet",
    log:
        "logs/train_network/{network}/{threshold}/{fold}-{member}.log",
    benchmark:
        "logs/benchmarks/train_network/{network}/{threshold}/{fold}-{member}.tsv"
    conda:
        "../../envs/torch.yaml"
    threads: config["training"]["threads"] * config["training"]["processes"]
    resources:
        gpu=gpus() * config["training"]["processes"],
        mem_mb=lambda wildcards, attempt: 8000
        * config["training"]["processes"]
        * attempt,
        runtime=lambda wildcards, attempt: 240 * attempt,
    params:
        code=code("train_network.py"),
        development=site_names("development")[0],
        definition=definition(),
        training=training_settings(),
        seed=config["seed"],
    message:
        "trained {wildcards.network}, {wildcards.threshold}, fold {wildcards.fold}, member {wildcards.member}"
    script:
        "../scripts/train_network.py"


rule predict_external:
    input:
        images="results/images/images.npy",
        cohort="results/cohort/cohort.parquet",
        weights=expand(
            "results/models/{{network}}/{{threshold}}/fold-{fold}/member-{member}/weights.safetensors",
            fold=folds(),
            member=members(),
        ),
        metadata=expand(
            "results/models/{{network}}/{{threshold}}/fold-{fold}/member-{member}/metadata.json",
            fold=folds(),
            member=members(),
        ),
    output:
        logits="results/models/{network}/{threshold}/external_logits.parquet",
    log:
        "logs/predict_external/{network}/{threshold}.log",
    benchmark:
        "logs/benchmarks/predict_external/{network}/{threshold}.tsv"
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
        definition=definition(),
        training=training_settings(),
    message:
        "predicted the external sites, {wildcards.network}, {wildcards.threshold}"
    script:
        "../scripts/predict_external.py"


rule describe_networks:
    input:
        metadata=of_networks(
            expand(
                "results/models/{{network}}/{{threshold}}/fold-{fold}/member-{member}/metadata.json",
                fold=folds(),
                member=members(),
            )
        ),
    output:
        networks="results/models/networks.csv",
    log:
        "logs/describe_networks.log",
    localrule: True
    conda:
        "../../envs/stats.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        code=code("describe_networks.py"),
    message:
        "described the networks"
    script:
        "../scripts/describe_networks.py"


rule models:
    input:
        of_networks(
            expand(
                "results/models/{{network}}/{{threshold}}/fold-{fold}/member-{member}/weights.safetensors",
                fold=folds(),
                member=members(),
            )
        ),
    localrule: True


rule predict:
    input:
        cohort="results/cohort/cohort.parquet",
        folds="results/cohort/folds.csv",
        logits=of_networks(
            expand(
                "results/models/{{network}}/{{threshold}}/fold-{fold}/member-{member}/logits.parquet",
                fold=folds(),
                member=members(),
            )
        ),
        external_logits=(
            of_networks("results/models/{network}/{threshold}/external_logits.parquet")
            if site_names("external")
            else []
        ),
    output:
        predictions="results/predictions/predictions.parquet",
        coefficients="results/predictions/coefficients.csv",
        network_calibration="results/predictions/network_calibration.csv",
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
        networks=networks(),
        fold_count=config["folds"]["count"],
        ensemble=config["training"]["ensemble"],
        calibration=config["prediction"]["calibration"],
    message:
        "calibrated, integrated and predicted"
    script:
        "../scripts/predict.py"


rule predictions:
    input:
        rules.predict.output,
    localrule: True
