"""Functions that the stages share, and the check of the configuration."""

import os
import shutil
import sys
from collections import Counter
from pathlib import Path
from types import SimpleNamespace

for folder in ("workflow", "workflow/scripts"):
    sys.path.insert(0, f"{workflow.basedir}/{folder}")

# Commands of profiles/pbs, lsf and sge are found by it: Snakemake runs them in the study's folder, not in this one.
os.environ.update(CACS_CXR_PROFILES=f"{workflow.basedir}/profiles")

from snakemake.exceptions import WorkflowError

from cacs_cxr.accelerators import nvidia_gpus, unused_gpus
from cacs_cxr.code_digest import code_digest as code
from cacs_cxr.configuration import canonical, check_configuration, check_files
from cacs_cxr.database_address import resolved, sqlite_file
from cacs_cxr.faults import InputError
from cacs_cxr.report.contents import FIGURES, PICTURES, TABLES
from cacs_cxr.stages import DeclaredRule, stage_rows
from progress import show_progress
from slurm_arrays import never_submitted

try:
    check_configuration(
        config,
        schema_file=Path(workflow.basedir, "workflow/schemas/config.schema.yaml"),
    )
    if workflow.is_main_process:
        check_files(config)
except InputError as error:
    raise WorkflowError(str(error)) from None

config.update(canonical(config))

if workflow.is_main_process and not workflow.dryrun:
    if shutil.which("sbatch"):
        # A sacct that the SLURM executor reads rightly; the file says what is wrong with the other.
        mended = f"{workflow.basedir}/profiles/slurm/bin"
        os.environ.update(
            PATH=f"{mended}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
        )
    show_progress()
    if hint := unused_gpus(
        len(nvidia_gpus()), getattr(workflow.global_resources.get("gpu"), "value", None)
    ):
        print(hint, file=sys.stderr)


onstart:
    if arrays := getattr(workflow.executor_settings, "array_jobs", None):
        span = workflow.scheduling_settings.max_jobs_per_timespan
        limits = [
            workflow.global_resources.get("_nodes"),
            getattr(span, "max_jobs", None),
        ]
        limits = [int(getattr(limit, "value", limit)) for limit in limits if limit]
        waiting = Counter(job.rule.name for job in workflow.dag.needrun_jobs())
        if fault := never_submitted(waiting, arrays=arrays, at_a_time=min(limits)):
            raise WorkflowError(fault)


SALIENCY = "results/figures/saliency"

# Tables that an archive brings besides patients and predictions; their columns: cacs_cxr.report.supplements.
SUPPLEMENTS = [
    "results/images/radiographs.csv",
    "results/images/distributions.csv",
    "results/cohort/stages.csv",
    "results/models/networks.csv",
    "results/predictions/coefficients.csv",
    "results/predictions/corrupted_predictions.csv",
    "results/predictions/network_calibration.csv",
]

# Settings of the prognosis that say who is analysed and with which factors.
PATIENTS_AND_FACTORS = (
    "model",
    "missing",
    "imputations",
    "minimum_events_per_category",
)


def site_names(role=None):
    """Names of the sites, of one role or of all."""
    return [site["name"] for site in config["sites"] if role in (None, site["role"])]


def site(name):
    """Configuration of one site."""
    return next(site for site in config["sites"] if site["name"] == name)


def thresholds():
    """Names of the thresholds."""
    return [threshold["name"] for threshold in config["thresholds"]]


def networks():
    """Kinds of networks and the names that stand for their thresholds, as pairs."""
    pairs = [
        (network, threshold)
        for network in config["training"]["networks"]
        if network != "joint_thresholds"
        for threshold in thresholds()
    ]
    return pairs + [
        (network, "all")
        for network in config["training"]["networks"]
        if network == "joint_thresholds"
    ]


def members():
    """Numbers of the networks of each kind, threshold and fold."""
    return range(config["training"]["ensemble"])


def of_networks(pattern):
    """Files of all kinds of networks and thresholds; what else `pattern` asks for in double braces is left open."""
    return [
        file
        for network, threshold in networks()
        for file in expand(pattern, network=network, threshold=threshold)
    ]


def training_settings():
    """How a network is trained: the section without what only says how many networks there are."""
    return {
        key: value
        for key, value in config["training"].items()
        if key not in ("networks", "ensemble")
    }


def initial_weights():
    """File of the networks' first weights: the one that is named, or the one that is fetched; none for random ones."""
    named = config["training"]["init"]
    fetched = "results/models/initial.safetensors"
    return {"none": [], "timm": fetched}.get(named, named)


def folds():
    """Numbers of the folds."""
    return range(config["folds"]["count"])


def site_tables(names):
    """Files of the tables that the sites hand over, each once: SQLite databases too, of other databases none."""
    files = []
    for name in names:
        parts = [site(name)["patients"], site(name)["scores"], site(name)["outcomes"]]
        files += [table_file(part) for part in parts if part]
        files += radiograph_tables(name)
    return list(dict.fromkeys(file for file in files if file))


def table_file(part):
    """File that holds a table; None where a server does, of which no file tells a change."""
    if part.get("file"):
        return part["file"]
    return sqlite_file(resolved(part.get("database") or ""))


def radiograph_tables(name):
    """Tables that say something of a site's radiographs: the image table and the override table, where named."""
    named = [site(name)["radiographs"].get(key) for key in ("table", "overrides")]
    return [file for file in named if file]


def radiograph_folders(names):
    """Folders of the sites' radiographs; in a simulated study, of the shards that are drawn."""
    folders = [site(name)["radiographs"]["folder"] for name in names]
    if not config["simulated"]:
        return folders
    return [
        f"{folder}/shard-{shard}"
        for folder in folders
        for shard in range(config["simulation"]["shards"])
    ]


def figure_files(
    figure, *, category, caption=None, folder="results/figures", prefix=""
):
    """Outputs of a job that draws a figure, PDF, SVG and PNG beside the CSV of what is drawn.

    Snakemake's own report shows the SVG, with the caption that `write_report` makes of the actual numbers, or with the
    file `caption` of workflow/report where there is one caption for several figures. A job that draws several figures
    tells their outputs apart by a prefix.
    """
    shown = report(
        f"{folder}/{figure}.svg",
        category=category,
        caption=f"../report/{caption}" if caption else caption_file("figure", figure),
        labels={"figure": figure.replace("_", " ")},
    )
    files = {kind: f"{folder}/{figure}.{kind}" for kind in ("pdf", "svg", "png", "csv")}
    return {f"{prefix}{kind}": file for kind, file in {**files, "svg": shown}.items()}


def caption_file(kind, name):
    """Caption of a figure or table in Snakemake's own report; written by `write_report`, the same as in the page."""
    return os.path.abspath(f"results/captions/{kind}_{name}.rst")


def drawn(figures, *suffixes):
    """Files of figures by name."""
    return expand("results/figures/{figure}.{suffix}", figure=figures, suffix=suffixes)


def pictures(*suffixes):
    """Files of the figures that show radiographs or networks; there are none where the study starts from predictions."""
    if config["start_from"] == "predictions":
        return []
    kept = [picture for picture in PICTURES if explains() or picture != SALIENCY]
    files = expand("{picture}.{suffix}", picture=kept, suffix=suffixes)
    return [
        file
        for pattern in files
        for file in dict.fromkeys(pattern.format(site=name) for name in site_names())
    ]


def pictures_of_radiographs(*suffixes):
    """Files of the figures that show radiographs and need no network; they lie beside the images."""
    return [file for file in pictures(*suffixes) if file.startswith("results/images/")]


def explains():
    """Whether radiographs are explained: not without the networks, and not where the configuration wants none."""
    return config["start_from"] == "sites" and config["saliency"]["patients"] > 0


def network_tables():
    """Tables of what the networks look at, by what they tell; an archive brings those that it has."""
    tables = {"probes": "results/saliency/shortcut_probes.csv"}
    if config["saliency"]["patients"] or config["start_from"] == "predictions":
        tables["saliency"] = "results/saliency/saliency.csv"
        tables["sanity"] = "results/saliency/sanity.csv"
    return tables


def supplements():
    """Tables that the archive brings besides patients and predictions, those of the networks included."""
    return [*SUPPLEMENTS, *network_tables().values()]


def stages():
    """Rules of the study by stage, with their numbers of jobs and the rules that they need; known once all are read."""
    values = SimpleNamespace(
        site=site_names()[0], threshold=thresholds()[0], fold="0", shard="0"
    )
    found = [
        DeclaredRule(
            one.name,
            Path(str(one.snakefile)).stem,
            tuple(
                str(file) for item in one.input for file in named_files(item, values)
            ),
            tuple(str(file) for file in one.output),
        )
        for one in workflow.rules
    ]
    targets = next(one.inputs for one in found if one.name == "all")
    return stage_rows(found, targets=targets)


def named_files(item, wildcards):
    """Files of an input, which may be a function of the wildcards."""
    files = item(wildcards) if callable(item) else item
    return [files] if isinstance(files, str) else files


def prognosis_settings(*keys):
    """Settings of the section that concern one job, so that a change of the others does not rerun it."""
    return {key: config["prognosis"][key] for key in (*PATIENTS_AND_FACTORS, *keys)}


def tested_on_corruptions():
    """Thresholds whose networks predict corrupted radiographs; none where the configuration wants no patients."""
    return thresholds() if config["evaluation"]["robustness"]["patients"] else []


def gpus():
    """GPUs that a job with a network asks for."""
    wanted = config["training"]["device"]
    return int(wanted == "cuda" or (wanted == "auto" and bool(nvidia_gpus())))


def settings():
    """The configuration without the paths of a machine: what a reader needs to know of the method."""
    return {
        key: value
        for key, value in config.items()
        if key not in ("sites", "start_from", "archive")
    }


def definition():
    """What is studied, as plain values: the part of the configuration that tables and figures are named by."""
    keys = [
        "title",
        "simulated",
        "biomarker",
        "thresholds",
        "categories",
        "factors",
        "event",
    ]
    return {key: config[key] for key in keys}
