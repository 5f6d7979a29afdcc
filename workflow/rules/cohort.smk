"""The cohort: checked inputs, linkage and eligibility, the analysed patients, folds, and what is studied."""


rule check_tables:
    input:
        tables=site_tables(site_names()),
    output:
        text="results/cohort/check_tables.txt",
    log:
        "logs/check_tables.log",
    localrule: True
    conda:
        "../../envs/stats.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
        runtime=lambda wildcards, attempt: 20 * attempt,
    params:
        code=code("check_tables.py"),
        sites=config["sites"],
        eligibility=config["eligibility"],
        guards=config["guards"],
        definition=definition(),
    message:
        "checked the tables"
    script:
        "../scripts/check_tables.py"


rule check_inputs:
    input:
        tables=site_tables(site_names()),
        indexes=expand("restricted/{site}/index.parquet", site=site_names()),
    output:
        text="results/cohort/check_inputs.txt",
        table="results/cohort/check_inputs.json",
    log:
        "logs/check_inputs.log",
    localrule: True
    conda:
        "../../envs/stats.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
        runtime=lambda wildcards, attempt: 20 * attempt,
    params:
        code=code("check_inputs.py"),
        sites=config["sites"],
        eligibility=config["eligibility"],
        followup=config["followup"],
        greatest_age=config["deidentification"]["greatest_age"],
        guards=config["guards"],
        definition=definition(),
        folds=config["folds"],
        seed=config["seed"],
    message:
        "checked the inputs"
    script:
        "../scripts/check_inputs.py"


rule link_radiographs:
    input:
        tables=site_tables(site_names()),
        indexes=expand("restricted/{site}/index.parquet", site=site_names()),
    output:
        patients="restricted/patients.parquet",
        selection="restricted/selection.parquet",
        flow="results/cohort/flow_linkage.csv",
    log:
        "logs/link_radiographs.log",
    benchmark:
        "logs/benchmarks/link_radiographs.tsv"
    conda:
        "../../envs/stats.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
        runtime=lambda wildcards, attempt: 20 * attempt,
    params:
        code=code("link_radiographs.py"),
        sites=config["sites"],
        eligibility=config["eligibility"],
        followup=config["followup"],
        greatest_age=config["deidentification"]["greatest_age"],
        guards=config["guards"],
        definition=definition(),
        shards=config["imaging"]["shards"],
        further_sites=(
            site_names("development")
            if config["training"]["radiographs"] == "all"
            else []
        ),
        seed=config["seed"],
    message:
        "linked patients, scores, outcomes and radiographs"
    script:
        "../scripts/link_radiographs.py"


rule build_cohort:
    input:
        patients="restricted/patients.parquet",
        images="results/images/images.parquet",
        flow="results/cohort/flow_linkage.csv",
    output:
        cohort="results/cohort/cohort.parquet",
        flow="results/cohort/flow.csv",
    log:
        "logs/build_cohort.log",
    benchmark:
        "logs/benchmarks/build_cohort.tsv"
    localrule: True
    conda:
        "../../envs/stats.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
        runtime=lambda wildcards, attempt: 20 * attempt,
    params:
        code=code("build_cohort.py"),
        definition=definition(),
        sites=[*site_names("development"), *site_names("external")],
        shared_pixels=config["guards"]["pixels_of_two_patients"],
    message:
        "built the cohort and its flow"
    script:
        "../scripts/build_cohort.py"


rule split_folds:
    input:
        cohort="results/cohort/cohort.parquet",
    output:
        folds="results/cohort/folds.csv",
    log:
        "logs/split_folds.log",
    localrule: True
    conda:
        "../../envs/stats.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 1000 * attempt,
        runtime=lambda wildcards, attempt: 10 * attempt,
    params:
        code=code("split_folds.py"),
        development=site_names("development")[0],
        categories=config["categories"],
        fold_count=config["folds"]["count"],
        tuning_fraction=config["folds"]["tuning_fraction"],
        seed=config["seed"],
    message:
        "split the folds"
    script:
        "../scripts/split_folds.py"


rule describe_study:
    input:
        cohort="results/cohort/cohort.parquet",
        folds="results/cohort/folds.csv",
        images="results/images/images.parquet",
        attainable=(
            expand("data/simulated/{site}/truth/attainable.csv", site=site_names())
            if config["simulated"]
            else []
        ),
    output:
        study="results/cohort/study.json",
        analysis="results/cohort/analysis.parquet",
        configuration="results/cohort/configuration.json",
        versions="results/cohort/versions.json",
    log:
        "logs/describe_study.log",
    localrule: True
    conda:
        "../../envs/stats.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 1000 * attempt,
        runtime=lambda wildcards, attempt: 10 * attempt,
    params:
        code=code("describe_study.py"),
        definition=definition(),
        sites=[{"name": site["name"], "role": site["role"]} for site in config["sites"]],
        settings=settings(),
    message:
        "described the study"
    script:
        "../scripts/describe_study.py"


rule describe_stages:
    output:
        stages="results/cohort/stages.csv",
    log:
        "logs/describe_stages.log",
    localrule: True
    conda:
        "../../envs/stats.yaml"
    threads: 1
    resources:
        mem_mb=500,
        runtime=5,
    params:
        code=code("describe_stages.py"),
        stages=lambda wildcards: stages(),
    message:
        "described the stages"
    script:
        "../scripts/describe_stages.py"


rule cohort:
    input:
        rules.build_cohort.output,
        rules.split_folds.output,
        rules.describe_study.output,
    localrule: True
