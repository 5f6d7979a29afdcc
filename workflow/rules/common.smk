"""Functions that the stages share, and the check of the configuration."""

import sys
from pathlib import Path

for folder in ("workflow", "workflow/scripts"):
    sys.path.insert(0, f"{workflow.basedir}/{folder}")

from snakemake.exceptions import WorkflowError

from cacs_cxr.accelerators import nvidia_gpus, unused_gpus
from cacs_cxr.code_digest import code_digest as code
from cacs_cxr.configuration import canonical, check_configuration, check_files
from cacs_cxr.database_address import resolved, sqlite_file
from cacs_cxr.faults import InputError
from progress import show_progress

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
    show_progress()
    if hint := unused_gpus(
        len(nvidia_gpus()), getattr(workflow.global_resources.get("gpu"), "value", None)
    ):
        print(hint, file=sys.stderr)

TABLES = [
    "table1",
    "missing",
    "radiographs",
    "auc",
    "comparisons",
    "operating_points",
    "operating_rules",
    "calibration",
    "external",
    "net_benefit",
    "agreement",
    "subgroups",
    "within_strata",
    "sensitivity",
    "robustness",
    "precision",
    "incidence",
    "cox",
    "concordance",
    "paper_comparison",
    "assumptions",
]
FIGURES = [
    "flow",
    "intensities",
    "image_sizes",
    "roc",
    "auc",
    "calibration",
    "decision_curve",
    "confusion",
    "subgroups",
    "kaplan_meier",
    "cox",
]


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


def contact_sheets(*suffixes):
    """Files of the contact sheets; there are none where the study starts from predictions, without the radiographs."""
    if config["start_from"] == "predictions":
        return []
    sheets = [f"contact_sheet_{name}" for name in site_names()]
    return [
        f"results/images/{sheet}.{suffix}"
        for sheet in [*sheets, "flagged_radiographs"]
        for suffix in suffixes
    ]


def corrupted_predictions():
    """File of the predictions of corrupted radiographs; none where the study makes none. An archive may bring some."""
    if (
        config["start_from"] == "sites"
        and not config["evaluation"]["robustness"]["patients"]
    ):
        return []
    return ["results/predictions/corrupted.parquet"]


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
