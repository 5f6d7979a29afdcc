"""The simulated sites: tables and radiographs as a hospital would hand them over, and the truth beside them."""


rule simulate_population:
    output:
        patients="data/simulated/{site}/patients.csv",
        scores="data/simulated/{site}/scores.csv",
        outcomes="data/simulated/{site}/outcomes.csv",
        radiographs="data/simulated/{site}/truth/radiographs.parquet",
        truth="data/simulated/{site}/truth/patients.parquet",
        parameters="data/simulated/{site}/truth/parameters.json",
        attainable="data/simulated/{site}/truth/attainable.csv",
        calcium="data/simulated/{site}/truth/calcium.parquet",
    log:
        "logs/simulate_population/{site}.log",
    benchmark:
        "logs/benchmarks/simulate_population/{site}.tsv"
    conda:
        "../../envs/stats.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
        runtime=lambda wildcards, attempt: 20 * attempt,
    params:
        code=code("simulate_population.py"),
        role=lambda wildcards: site(wildcards.site)["role"],
        patients=lambda wildcards: config["simulation"]["patients"][wildcards.site],
        thresholds=config["thresholds"],
        seed=config["seed"],
    message:
        "simulated the patients of {wildcards.site}"
    script:
        "../scripts/simulate_population.py"


rule simulate_radiographs:
    input:
        radiographs="data/simulated/{site}/truth/radiographs.parquet",
    output:
        folder=directory("data/simulated/{site}/radiographs/shard-{shard}"),
    log:
        "logs/simulate_radiographs/{site}/{shard}.log",
    benchmark:
        "logs/benchmarks/simulate_radiographs/{site}/{shard}.tsv"
    conda:
        "../../envs/stats.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
        runtime=lambda wildcards, attempt: 120 * attempt,
    params:
        code=code("simulate_radiographs.py"),
        shards=config["simulation"]["shards"],
        size=config["simulation"]["size"],
        seed=config["seed"],
    message:
        "drew the radiographs of {wildcards.site}, part {wildcards.shard}"
    script:
        "../scripts/simulate_radiographs.py"
