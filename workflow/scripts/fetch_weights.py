"""Fetch the weights that timm knows for the backbone: the one step of a study that needs the internet."""

from pathlib import Path

from cacs_cxr.job import LOGGER, logged
from cacs_cxr.tables import write_json
from cacs_cxr.training.published_weights import fetch_weights
from cacs_cxr.training.weights import write_weights


def main(*, backbone: str, weights: Path, metadata: Path) -> None:
    """Write the weights and where they are from."""
    state, origin = fetch_weights(backbone)
    write_weights(state, weights)
    write_json(origin, metadata)
    LOGGER.info("%d tensors from %s", len(state), origin["hf_hub_id"] or origin["url"])


if __name__ == "__main__":
    with logged(snakemake):
        main(
            backbone=snakemake.params.backbone,
            weights=Path(snakemake.output.weights),
            metadata=Path(snakemake.output.metadata),
        )
