"""Radiographs: the index of their headers, their preprocessing in shards, and the assembled array."""


rule index_radiographs:
    input:
        folders=lambda wildcards: radiograph_folders([wildcards.site]),
        tables=lambda wildcards: [
            table
            for table in [site(wildcards.site)["radiographs"].get("table")]
            if table
        ],
    output:
        index="restricted/{site}/index.parquet",
    log:
        "logs/index_radiographs/{site}.log",
    benchmark:
        "logs/benchmarks/index_radiographs/{site}.tsv"
    conda:
        "../../envs/stats.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
        runtime=lambda wildcards, attempt: 120 * attempt,
    params:
        code=code("index_radiographs.py"),
        radiographs=lambda wildcards: site(wildcards.site)["radiographs"],
    message:
        "read the headers of {wildcards.site}"
    script:
        "../scripts/index_radiographs.py"


rule preprocess_radiographs:
    input:
        selection="restricted/selection.parquet",
        folders=radiograph_folders(site_names()),
    output:
        images="results/images/shards/shard-{shard}.npy",
        table="results/images/shards/shard-{shard}.parquet",
    log:
        "logs/preprocess_radiographs/{shard}.log",
    benchmark:
        "logs/benchmarks/preprocess_radiographs/{shard}.tsv"
    conda:
        "../../envs/stats.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 4000 * attempt,
        runtime=lambda wildcards, attempt: 120 * attempt,
    params:
        code=code("preprocess_radiographs.py"),
        shard=lambda wildcards: wildcards.shard,
        size=config["imaging"]["size"],
    message:
        "preprocessed radiographs, part {wildcards.shard}"
    script:
        "../scripts/preprocess_radiographs.py"


rule assemble_images:
    input:
        selection="restricted/selection.parquet",
        shard_images=expand(
            "results/images/shards/shard-{shard}.npy",
            shard=range(config["imaging"]["shards"]),
        ),
        shard_tables=expand(
            "results/images/shards/shard-{shard}.parquet",
            shard=range(config["imaging"]["shards"]),
        ),
    output:
        images="results/images/images.npy",
        table="results/images/images.parquet",
        rejects="results/images/rejects.csv",
    log:
        "logs/assemble_images.log",
    benchmark:
        "logs/benchmarks/assemble_images.tsv"
    conda:
        "../../envs/stats.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 4000 * attempt,
        runtime=lambda wildcards, attempt: 30 * attempt,
    params:
        code=code("assemble_images.py"),
        reject_limit=config["imaging"]["reject_limit"],
    message:
        "assembled the images"
    script:
        "../scripts/assemble_images.py"


rule images:
    input:
        rules.assemble_images.output,
    localrule: True
