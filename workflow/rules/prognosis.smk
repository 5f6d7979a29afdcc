"""Survival by actual and by predicted category."""

FOLLOWED = {
    "analysis": "results/cohort/analysis.parquet",
    "predicted_categories": "results/evaluation/predicted_categories.parquet",
    "study": "results/cohort/study.json",
}


rule analyse_prognosis:
    input:
        **FOLLOWED,
    output:
        kaplan_meier="results/prognosis/kaplan_meier.csv",
        logrank="results/prognosis/logrank.csv",
        cox="results/prognosis/cox.csv",
        cox_tests="results/prognosis/cox_tests.csv",
        concordance="results/prognosis/concordance.csv",
        incidence="results/prognosis/incidence.csv",
    log:
        "logs/analyse_prognosis.log",
    benchmark:
        "logs/benchmarks/analyse_prognosis.tsv"
    conda:
        "../../envs/stats.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 4000 * attempt,
        runtime=lambda wildcards, attempt: 60 * attempt,
    params:
        code=code("analyse_prognosis.py"),
        prognosis=prognosis_settings("horizons_years"),
        seed=config["seed"],
    message:
        "analysed survival by actual and predicted category"
    script:
        "../scripts/analyse_prognosis.py"


rule analyse_hazards:
    input:
        **FOLLOWED,
    output:
        proportional_hazards="results/prognosis/proportional_hazards.csv",
        schoenfeld_residuals="results/prognosis/schoenfeld_residuals.csv",
        hazard_periods="results/prognosis/hazard_periods.csv",
        restricted_means="results/prognosis/restricted_means.csv",
        few_events="results/prognosis/few_events.csv",
    log:
        "logs/analyse_hazards.log",
    conda:
        "../../envs/stats.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 4000 * attempt,
        runtime=lambda wildcards, attempt: 60 * attempt,
    params:
        code=code("analyse_hazards.py"),
        prognosis=prognosis_settings(
            "proportionality_transform",
            "proportionality_alpha",
            "remedy",
            "split_years",
            "assessment_years",
        ),
        seed=config["seed"],
    message:
        "tested whether hazards are proportional"
    script:
        "../scripts/analyse_hazards.py"


rule analyse_incremental_value:
    input:
        **FOLLOWED,
        predictions="results/predictions/predictions.parquet",
    output:
        incremental_value="results/prognosis/incremental_value.csv",
        incremental_comparisons="results/prognosis/incremental_comparisons.csv",
        information_carried="results/prognosis/information_carried.csv",
        continuous_prediction="results/prognosis/continuous_prediction.csv",
        risk_calibration="results/prognosis/risk_calibration.csv",
        risk_net_benefit="results/prognosis/risk_net_benefit.csv",
        cross_classification="results/prognosis/cross_classification.csv",
        discordant="results/prognosis/discordant.csv",
    log:
        "logs/analyse_incremental_value.log",
    benchmark:
        "logs/benchmarks/analyse_incremental_value.tsv"
    # The longest job of a rebuild, and it waits for little.
    priority: 10
    conda:
        "../../envs/stats.yaml"
    # One by default: it then runs beside all others. --set-threads gives the bootstrap more.
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 4000 * attempt,
        runtime=lambda wildcards, attempt: 60 * attempt,
    params:
        code=code("analyse_incremental_value.py"),
        prognosis=prognosis_settings(
            "assessment_years", "bootstrap_replicates", "highest_risk_threshold"
        ),
        seed=config["seed"],
    message:
        "analysed what the categories add to clinical factors"
    script:
        "../scripts/analyse_incremental_value.py"


rule analyse_competing_risks:
    input:
        **FOLLOWED,
    output:
        cumulative_incidence="results/prognosis/cumulative_incidence.csv",
        competing_incidence="results/prognosis/competing_incidence.csv",
        competing_hazards="results/prognosis/competing_hazards.csv",
    log:
        "logs/analyse_competing_risks.log",
    conda:
        "../../envs/stats.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 4000 * attempt,
        runtime=lambda wildcards, attempt: 60 * attempt,
    params:
        code=code("analyse_competing_risks.py"),
        prognosis=prognosis_settings("horizons_years"),
        seed=config["seed"],
    message:
        "analysed competing events"
    script:
        "../scripts/analyse_competing_risks.py"


rule analyse_sensitivity:
    input:
        **FOLLOWED,
        configuration="results/cohort/configuration.json",
    output:
        sensitivity="results/prognosis/sensitivity.csv",
    log:
        "logs/analyse_sensitivity.log",
    conda:
        "../../envs/stats.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 4000 * attempt,
        runtime=lambda wildcards, attempt: 60 * attempt,
    params:
        code=code("analyse_sensitivity.py"),
        prognosis=prognosis_settings("sensitivity"),
        seed=config["seed"],
    message:
        "analysed the main hazard ratio under other choices"
    script:
        "../scripts/analyse_sensitivity.py"


rule draw_incremental_value:
    input:
        models="results/prognosis/incremental_value.csv",
        carried="results/prognosis/information_carried.csv",
        study="results/cohort/study.json",
    output:
        **figure_files("incremental_value", category="Prognosis"),
    log:
        "logs/draw_incremental_value.log",
    localrule: True
    conda:
        "../../envs/stats.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        code=code("draw_incremental_value.py"),
        horizon_years=config["prognosis"]["assessment_years"],
    message:
        "drew what the categories add to clinical factors"
    script:
        "../scripts/draw_incremental_value.py"


rule draw_risk_prediction:
    input:
        calibration="results/prognosis/risk_calibration.csv",
        benefit="results/prognosis/risk_net_benefit.csv",
        study="results/cohort/study.json",
    output:
        **figure_files("risk_prediction", category="Prognosis"),
    log:
        "logs/draw_risk_prediction.log",
    localrule: True
    conda:
        "../../envs/stats.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        code=code("draw_risk_prediction.py"),
        horizon_years=config["prognosis"]["assessment_years"],
    message:
        "drew calibration and net benefit of the predicted risks"
    script:
        "../scripts/draw_risk_prediction.py"


rule draw_cross_classification:
    input:
        cells="results/prognosis/cross_classification.csv",
        study="results/cohort/study.json",
    output:
        **figure_files("cross_classification", category="Prognosis"),
    log:
        "logs/draw_cross_classification.log",
    localrule: True
    conda:
        "../../envs/stats.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        code=code("draw_cross_classification.py"),
    message:
        "drew events by actual and predicted category"
    script:
        "../scripts/draw_cross_classification.py"


rule draw_proportional_hazards:
    input:
        residuals="results/prognosis/schoenfeld_residuals.csv",
        tests="results/prognosis/proportional_hazards.csv",
        kaplan_meier="results/prognosis/kaplan_meier.csv",
        study="results/cohort/study.json",
    output:
        **figure_files("proportional_hazards", category="Prognosis"),
    log:
        "logs/draw_proportional_hazards.log",
    localrule: True
    conda:
        "../../envs/stats.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        code=code("draw_proportional_hazards.py"),
        transform=config["prognosis"]["proportionality_transform"],
    message:
        "drew the residuals of the Cox models"
    script:
        "../scripts/draw_proportional_hazards.py"


rule draw_cumulative_incidence:
    input:
        incidence="results/prognosis/cumulative_incidence.csv",
        kaplan_meier="results/prognosis/kaplan_meier.csv",
        study="results/cohort/study.json",
    output:
        **figure_files("cumulative_incidence", category="Prognosis"),
    log:
        "logs/draw_cumulative_incidence.log",
    localrule: True
    conda:
        "../../envs/stats.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        code=code("draw_cumulative_incidence.py"),
    message:
        "drew the cumulative incidence with competing events"
    script:
        "../scripts/draw_cumulative_incidence.py"
