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
    message:
        "drew the flow diagram"
    script:
        "../scripts/draw_flow.py"


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
    localrule: True
