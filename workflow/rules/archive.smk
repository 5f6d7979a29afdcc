"""The study from an archive of predictions: no image, no network."""


rule unpack_archive:
    input:
        archive=config["archive"],
    output:
        analysis="results/cohort/analysis.parquet",
        study="results/cohort/study.json",
        flow="results/cohort/flow.csv",
        predictions="results/predictions/predictions.parquet",
        configuration="results/cohort/configuration.json",
        versions="results/cohort/versions.json",
        supplements=supplements(),
    log:
        "logs/unpack_archive.log",
    localrule: True
    conda:
        "../../envs/stats.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
        runtime=lambda wildcards, attempt: 20 * attempt,
    params:
        code=code("unpack_archive.py"),
        definition=definition(),
        settings=settings(),
        stages=lambda wildcards: stages(),
    message:
        "unpacked and checked the archive"
    script:
        "../scripts/unpack_archive.py"


rule predictions:
    input:
        rules.unpack_archive.output,
    localrule: True
