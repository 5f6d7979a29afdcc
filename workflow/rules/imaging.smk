"""Radiographs: the index of their headers, their preprocessing in shards, and the assembled array."""


rule index_radiographs:
    input:
        folders=lambda wildcards: radiograph_folders([wildcards.site]),
        tables=lambda wildcards: radiograph_tables(wildcards.site),
        # Faulty tables stop the study before a header is read; tables that have changed read no header anew.
        checked=ancient("results/cohort/check_tables.txt"),
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
        date_format=lambda wildcards: site(wildcards.site).get("date_format"),
        simulated=config["simulated"],
        seed=config["seed"] if config["simulated"] else 0,
        key_file=config["eligibility"]["pseudonym_key_file"],
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
        border=config["imaging"]["border"],
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
        counts="results/images/radiographs.csv",
    log:
        "logs/assemble_images.log",
    benchmark:
        "logs/benchmarks/assemble_images.tsv"
    conda:
        "../../envs/stats.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 4000 * attempt,
        runtime=lambda wildcards, attempt: 120 * attempt,
    params:
        code=code("assemble_images.py"),
        reject_limit=config["imaging"]["reject_limit"],
    message:
        "assembled the images"
    script:
        "../scripts/assemble_images.py"


rule describe_radiographs:
    input:
        images="results/images/images.npy",
        table="results/images/images.parquet",
    output:
        distributions="results/images/distributions.csv",
    log:
        "logs/describe_radiographs.log",
    benchmark:
        "logs/benchmarks/describe_radiographs.tsv"
    conda:
        "../../envs/stats.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
        runtime=lambda wildcards, attempt: 30 * attempt,
    params:
        code=code("describe_radiographs.py"),
        seed=config["seed"],
    message:
        "described grey levels and sizes"
    script:
        "../scripts/describe_radiographs.py"


rule draw_contact_sheet:
    input:
        images="results/images/images.npy",
        table="results/images/images.parquet",
        cohort="results/cohort/cohort.parquet",
        study="results/cohort/study.json",
    output:
        **figure_files(
            "contact_sheet_{site}",
            category="Radiographs",
            caption="contact_sheet.rst",
            folder="results/images",
        ),
    log:
        "logs/draw_contact_sheet/{site}.log",
    localrule: True
    conda:
        "../../envs/stats.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
        runtime=lambda wildcards, attempt: 20 * attempt,
    params:
        code=code("draw_contact_sheet.py"),
        site=lambda wildcards: wildcards.site,
        seed=config["seed"],
    message:
        "drew the contact sheet of {wildcards.site}"
    script:
        "../scripts/draw_contact_sheet.py"


rule draw_examples:
    input:
        images="results/images/images.npy",
        cohort="results/cohort/cohort.parquet",
        study="results/cohort/study.json",
    output:
        **figure_files(
            "example_radiographs",
            category="Radiographs",
            caption="example_radiographs.rst",
            folder="results/images",
        ),
    log:
        "logs/draw_examples.log",
    localrule: True
    conda:
        "../../envs/stats.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
        runtime=lambda wildcards, attempt: 20 * attempt,
    params:
        code=code("draw_examples.py"),
        seed=config["seed"],
    message:
        "drew example radiographs"
    script:
        "../scripts/draw_examples.py"


rule draw_flagged:
    input:
        images="results/images/images.npy",
        table="results/images/images.parquet",
        counts="results/images/radiographs.csv",
        study="results/cohort/study.json",
    output:
        **figure_files(
            "flagged_radiographs",
            category="Radiographs",
            caption="flagged_radiographs.rst",
            folder="results/images",
        ),
    log:
        "logs/draw_flagged.log",
    localrule: True
    conda:
        "../../envs/stats.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
        runtime=lambda wildcards, attempt: 20 * attempt,
    params:
        code=code("draw_flagged.py"),
        seed=config["seed"],
    message:
        "drew the flagged radiographs"
    script:
        "../scripts/draw_flagged.py"


rule images:
    input:
        rules.assemble_images.output,
        rules.describe_radiographs.output,
        pictures_of_radiographs("pdf", "svg", "png", "csv"),
        drawn(["intensities", "image_sizes"], "pdf", "svg", "png", "csv"),
    localrule: True
