"""Figures, each as PDF and PNG beside the CSV that it draws."""


rule draw_flow:
    input:
        flow="results/cohort/flow.csv",
        study="results/cohort/study.json",
    output:
        pdf=report(
            "results/figures/flow.pdf", category="Cohort", caption="../report/flow.rst"
        ),
        png="results/figures/flow.png",
        csv="results/figures/flow.csv",
    log:
        "logs/draw_flow.log",
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
        pdf=report(
            "results/figures/intensities.pdf",
            category="Radiographs",
            caption="../report/intensities.rst",
        ),
        png="results/figures/intensities.png",
        csv="results/figures/intensities.csv",
    log:
        "logs/draw_intensities.log",
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
        pdf=report(
            "results/figures/image_sizes.pdf",
            category="Radiographs",
            caption="../report/image_sizes.rst",
        ),
        png="results/figures/image_sizes.png",
        csv="results/figures/image_sizes.csv",
    log:
        "logs/draw_image_sizes.log",
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
        pdf=report(
            "results/figures/roc.pdf",
            category="Discrimination",
            caption="../report/roc.rst",
        ),
        png="results/figures/roc.png",
        csv="results/figures/roc.csv",
    log:
        "logs/draw_roc.log",
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
        pdf=report(
            "results/figures/auc.pdf",
            category="Discrimination",
            caption="../report/auc.rst",
        ),
        png="results/figures/auc.png",
        csv="results/figures/auc.csv",
    log:
        "logs/draw_auc.log",
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
        pdf=report(
            "results/figures/calibration.pdf",
            category="Calibration",
            caption="../report/calibration.rst",
        ),
        png="results/figures/calibration.png",
        csv="results/figures/calibration.csv",
    log:
        "logs/draw_calibration.log",
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
        pdf=report(
            "results/figures/decision_curve.pdf",
            category="Clinical usefulness",
            caption="../report/decision_curve.rst",
        ),
        png="results/figures/decision_curve.png",
        csv="results/figures/decision_curve.csv",
    log:
        "logs/draw_decision_curve.log",
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
        pdf=report(
            "results/figures/confusion.pdf",
            category="Categories",
            caption="../report/confusion.rst",
        ),
        png="results/figures/confusion.png",
        csv="results/figures/confusion.csv",
    log:
        "logs/draw_confusion.log",
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
        pdf=report(
            "results/figures/subgroups.pdf",
            category="Subgroups",
            caption="../report/subgroups.rst",
        ),
        png="results/figures/subgroups.png",
        csv="results/figures/subgroups.csv",
    log:
        "logs/draw_subgroups.log",
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
        pdf=report(
            "results/figures/kaplan_meier.pdf",
            category="Prognosis",
            caption="../report/kaplan_meier.rst",
        ),
        png="results/figures/kaplan_meier.png",
        csv="results/figures/kaplan_meier.csv",
    log:
        "logs/draw_kaplan_meier.log",
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
        pdf=report(
            "results/figures/cox.pdf",
            category="Prognosis",
            caption="../report/cox.rst",
        ),
        png="results/figures/cox.png",
        csv="results/figures/cox.csv",
    log:
        "logs/draw_cox.log",
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
        expand(
            "results/figures/{figure}.{suffix}",
            figure=FIGURES,
            suffix=["pdf", "png", "csv"],
        ),
        contact_sheets("pdf", "png", "csv"),
    localrule: True
