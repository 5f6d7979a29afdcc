"""Categories of coronary artery calcium from chest radiographs: the study's table of contents."""

from snakemake.utils import min_version

min_version("9.27")


configfile: f"{workflow.basedir}/config.yaml"


include: "workflow/rules/common.smk"


report: "workflow/report/study.rst"


# Only with --sdm apptainer; built from envs/container.def.
container: f"{workflow.basedir}/envs/cacs-cxr.sif"


wildcard_constraints:
    site="[a-z][a-z0-9_]*",
    threshold="[a-z][a-z0-9]*",
    fold=r"\d+",
    shard=r"\d+",


if config["start_from"] == "sites":

    if config["simulated"]:

        include: "workflow/rules/simulation.smk"
    include: "workflow/rules/imaging.smk"
    include: "workflow/rules/cohort.smk"
    include: "workflow/rules/training.smk"
    include: "workflow/rules/saliency.smk"

else:

    include: "workflow/rules/archive.smk"


include: "workflow/rules/evaluation.smk"
include: "workflow/rules/prognosis.smk"
include: "workflow/rules/figures.smk"
include: "workflow/rules/report.smk"


rule all:
    default_target: True
    input:
        rules.report.input,
        rules.figures.input,
        rules.tables.input,
        rules.archive.input,
        "results/manifest.json",
    localrule: True
