"""What the networks look at: maps of radiographs, their check with randomised weights, and shortcut probes."""


rule explain_radiographs:
    input:
        images="results/images/images.npy",
        radiographs="results/images/images.parquet",
        cohort="results/cohort/cohort.parquet",
        folds="results/cohort/folds.csv",
        predictions="results/predictions/predictions.parquet",
        predicted_categories="results/evaluation/predicted_categories.parquet",
        study="results/cohort/study.json",
        weights=expand(
            "results/models/cxr/{threshold}/fold-{fold}/member-{member}/weights.safetensors",
            threshold=thresholds(),
            fold=folds(),
            member=members(),
        ),
        metadata=expand(
            "results/models/cxr/{threshold}/fold-{fold}/member-{member}/metadata.json",
            threshold=thresholds(),
            fold=folds(),
            member=members(),
        ),
        # Of a simulated study alone: where calcium was placed, by the file of the radiograph.
        selection=["restricted/selection.parquet"] if config["simulated"] else [],
        calcium=(
            expand("data/simulated/{site}/truth/calcium.parquet", site=site_names())
            if config["simulated"]
            else []
        ),
    output:
        maps="results/saliency/maps.npy",
        pictures="results/saliency/pictures.npy",
        explained="results/saliency/explained.csv",
        measures="results/saliency/measures.csv",
        summary="results/saliency/saliency.csv",
        sanity_patients="results/saliency/sanity_patients.csv",
        sanity="results/saliency/sanity.csv",
        panels="results/saliency/panels.csv",
    log:
        "logs/explain_radiographs.log",
    benchmark:
        "logs/benchmarks/explain_radiographs.tsv"
    conda:
        "../../envs/torch.yaml"
    threads: config["training"]["threads"]
    resources:
        gpu=gpus(),
        mem_mb=lambda wildcards, attempt: 8000 * attempt,
        runtime=lambda wildcards, attempt: 120 * attempt,
    params:
        code=code("explain_radiographs.py"),
        sites=site_names(),
        saliency=config["saliency"],
        device=config["training"]["device"],
        seed=config["seed"],
    message:
        "explained radiographs"
    script:
        "../scripts/explain_radiographs.py"


rule draw_saliency:
    input:
        images="results/images/images.npy",
        panels="results/saliency/panels.csv",
        pictures="results/saliency/pictures.npy",
        study="results/cohort/study.json",
    output:
        **figure_files("saliency", category="Networks", caption="saliency.rst"),
    log:
        "logs/draw_saliency.log",
    localrule: True
    conda:
        "../../envs/stats.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
        runtime=lambda wildcards, attempt: 20 * attempt,
    params:
        code=code("draw_saliency.py"),
        smallest_cell=config["deidentification"]["smallest_cell"],
    message:
        "drew what the networks look at"
    script:
        "../scripts/draw_saliency.py"


rule probe_shortcuts:
    input:
        cohort="results/cohort/cohort.parquet",
        radiographs="results/images/images.parquet",
        predictions="results/predictions/predictions.parquet",
        study="results/cohort/study.json",
    output:
        table="results/saliency/shortcut_probes.csv",
    log:
        "logs/probe_shortcuts.log",
    conda:
        "../../envs/stats.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
        runtime=lambda wildcards, attempt: 20 * attempt,
    params:
        code=code("probe_shortcuts.py"),
    message:
        "probed the logits for shortcuts"
    script:
        "../scripts/probe_shortcuts.py"


rule draw_training_curves:
    input:
        metadata=of_networks(
            expand(
                "results/models/{{network}}/{{threshold}}/fold-{fold}/member-{member}/metadata.json",
                fold=folds(),
                member=members(),
            )
        ),
        study="results/cohort/study.json",
    output:
        **figure_files(
            "training_curves", category="Networks", caption="training_curves.rst"
        ),
        training="results/models/training.csv",
    log:
        "logs/draw_training_curves.log",
    localrule: True
    conda:
        "../../envs/stats.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        code=code("draw_training_curves.py"),
    message:
        "drew the training curves"
    script:
        "../scripts/draw_training_curves.py"


rule saliency:
    input:
        [
            file
            for file in pictures("pdf", "svg", "png", "csv")
            if file.startswith("results/figures/")
        ],
        list(network_tables().values()),
    localrule: True
