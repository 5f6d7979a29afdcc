"""Figures, each as PDF, SVG and PNG beside the CSV that it draws."""


rule draw_stages:
    input:
        stages="results/cohort/stages.csv",
        study="results/cohort/study.json",
    output:
        **figure_files("stages", category="Study"),
    log:
        "logs/draw_stages.log",
    localrule: True
    conda:
        "../../envs/stats.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        code=code("draw_stages.py"),
    message:
        "drew the stages"
    script:
        "../scripts/draw_stages.py"


rule draw_flow:
    input:
        flow="results/cohort/flow.csv",
        study="results/cohort/study.json",
    output:
        **figure_files("flow", category="Cohort"),
    log:
        "logs/draw_flow.log",
    localrule: True
    conda:
        "../../envs/stats.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        code=code("draw_flow.py"),
        smallest_cell=config["deidentification"]["smallest_cell"],
    message:
        "drew the flow diagram"
    script:
        "../scripts/draw_flow.py"


rule draw_intensities:
    input:
        distributions="results/images/distributions.csv",
        counts="results/images/radiographs.csv",
        study="results/cohort/study.json",
    output:
        **figure_files("intensities", category="Radiographs"),
    log:
        "logs/draw_intensities.log",
    localrule: True
    conda:
        "../../envs/stats.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        code=code("draw_intensities.py"),
    message:
        "drew the grey levels"
    script:
        "../scripts/draw_intensities.py"


rule draw_image_sizes:
    input:
        distributions="results/images/distributions.csv",
        study="results/cohort/study.json",
    output:
        **figure_files("image_sizes", category="Radiographs"),
    log:
        "logs/draw_image_sizes.log",
    localrule: True
    conda:
        "../../envs/stats.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        code=code("draw_image_sizes.py"),
    message:
        "drew the sizes of the radiographs"
    script:
        "../scripts/draw_image_sizes.py"


rule draw_roc:
    input:
        roc="results/evaluation/roc.csv",
        discrimination="results/evaluation/discrimination.csv",
        study="results/cohort/study.json",
    output:
        **figure_files("roc", category="Discrimination"),
    log:
        "logs/draw_roc.log",
    localrule: True
    conda:
        "../../envs/stats.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        code=code("draw_roc.py"),
    message:
        "drew the ROC curves"
    script:
        "../scripts/draw_roc.py"


rule draw_auc:
    input:
        discrimination="results/evaluation/discrimination.csv",
        study="results/cohort/study.json",
    output:
        **figure_files("auc", category="Discrimination"),
    log:
        "logs/draw_auc.log",
    localrule: True
    conda:
        "../../envs/stats.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        code=code("draw_auc.py"),
    message:
        "drew the AUCs beside the paper's"
    script:
        "../scripts/draw_auc.py"


rule draw_calibration:
    input:
        calibration_curve="results/evaluation/calibration_curve.csv",
        calibration="results/evaluation/calibration.csv",
        probability_distribution="results/evaluation/probability_distribution.csv",
        study="results/cohort/study.json",
    output:
        **figure_files("calibration", category="Calibration"),
    log:
        "logs/draw_calibration.log",
    localrule: True
    conda:
        "../../envs/stats.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        code=code("draw_calibration.py"),
    message:
        "drew the calibration curves"
    script:
        "../scripts/draw_calibration.py"


rule draw_decision_curve:
    input:
        decision_curve="results/evaluation/decision_curve.csv",
        study="results/cohort/study.json",
    output:
        **figure_files("decision_curve", category="Clinical usefulness"),
    log:
        "logs/draw_decision_curve.log",
    localrule: True
    conda:
        "../../envs/stats.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        code=code("draw_decision_curve.py"),
    message:
        "drew the decision curves"
    script:
        "../scripts/draw_decision_curve.py"


rule draw_confusion:
    input:
        confusion="results/evaluation/confusion.csv",
        agreement="results/evaluation/agreement.csv",
        study="results/cohort/study.json",
    output:
        **figure_files("confusion", category="Categories"),
    log:
        "logs/draw_confusion.log",
    localrule: True
    conda:
        "../../envs/stats.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        code=code("draw_confusion.py"),
    message:
        "drew predicted against actual categories"
    script:
        "../scripts/draw_confusion.py"


rule draw_subgroups:
    input:
        subgroups="results/evaluation/subgroups.csv",
        subgroup_tests="results/evaluation/subgroup_tests.csv",
        discrimination="results/evaluation/discrimination.csv",
        study="results/cohort/study.json",
    output:
        **figure_files("subgroups", category="Subgroups"),
    log:
        "logs/draw_subgroups.log",
    localrule: True
    conda:
        "../../envs/stats.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        code=code("draw_subgroups.py"),
    message:
        "drew the subgroups"
    script:
        "../scripts/draw_subgroups.py"


rule draw_kaplan_meier:
    input:
        kaplan_meier="results/prognosis/kaplan_meier.csv",
        logrank="results/prognosis/logrank.csv",
        analysis="results/cohort/analysis.parquet",
        study="results/cohort/study.json",
    output:
        **figure_files("kaplan_meier", category="Prognosis"),
    log:
        "logs/draw_kaplan_meier.log",
    localrule: True
    conda:
        "../../envs/stats.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        code=code("draw_kaplan_meier.py"),
    message:
        "drew the Kaplan-Meier curves"
    script:
        "../scripts/draw_kaplan_meier.py"


rule draw_cox:
    input:
        cox="results/prognosis/cox.csv",
        study="results/cohort/study.json",
    output:
        **figure_files("cox", category="Prognosis"),
    log:
        "logs/draw_cox.log",
    localrule: True
    conda:
        "../../envs/stats.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        code=code("draw_cox.py"),
    message:
        "drew the hazard ratios"
    script:
        "../scripts/draw_cox.py"


rule figures:
    input:
        drawn(FIGURES, "pdf", "svg", "png", "csv"),
        pictures("pdf", "svg", "png", "csv"),
    localrule: True
