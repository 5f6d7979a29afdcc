import io
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from scipy.ndimage import gaussian_filter

from cacs_cxr.imaging import duplicates
from cacs_cxr.imaging.border import Box
from cacs_cxr.imaging.duplicates import (
    are_alike,
    centred_box,
    count_duplicates,
    duplicate_lines,
    identical_to,
    nearly_identical_to,
    picture_details,
)
from cacs_cxr.imaging.geometry import fit, pad, quantise
from cacs_cxr.imaging.hash_neighbours import CERTAIN_DISTANCE, differing_bits, near_pairs
from cacs_cxr.imaging.likeness import (
    coarse_picture,
    picture_detail,
    picture_hash,
    ranked,
    shows_something,
    similarity,
)
from cacs_cxr.imaging.radiograph import read_radiograph
from cacs_cxr.simulation.site import simulate_site, write_radiographs
from real_data import real_data

Levels = npt.NDArray[np.uint8]
SIZE = 128


def drawn(number: int, *, height: int = 300, width: int = 260) -> Levels:
    """A picture with coarse and fine structure, different for every number, on a ground that all share."""
    shared, own = np.random.default_rng(0), np.random.default_rng(number + 1)
    ground = gaussian_filter(shared.normal(size=(height, width)), 40)
    structure = sum(gaussian_filter(own.normal(size=(height, width)), sd) * sd for sd in (3, 6, 12))
    grey = ground / ground.std() + structure / np.std(structure)
    return np.clip(128 + 40 * grey, 0, 255).astype(np.uint8)


def prepared(levels: Levels) -> tuple[Levels, Box]:
    """A picture on its square, and where it lies there."""
    square = pad(quantise(fit(levels.astype(np.float32) / 255, size=SIZE)), size=SIZE)
    return square, centred_box(*levels.shape, size=SIZE)


def recompressed(levels: Levels, *, quality: int) -> Levels:
    buffer = io.BytesIO()
    Image.fromarray(levels).save(buffer, "JPEG", quality=quality)
    return np.asarray(Image.open(buffer))


def windowed(levels: Levels, *, low: float, high: float, gamma: float = 1) -> Levels:
    return np.rint(255 * np.clip((levels.astype(float) - low) / (high - low), 0, 1) ** gamma).astype(np.uint8)


def rescaled(levels: Levels, *, factor: float) -> Levels:
    rows, columns = (round(side * factor) for side in levels.shape)
    return np.asarray(Image.fromarray(levels).resize((columns, rows), Image.Resampling.BICUBIC))


ORIGINAL = drawn(7)
COPIES = {
    "JPEG 50": recompressed(ORIGINAL, quality=50),
    "JPEG 95": recompressed(ORIGINAL, quality=95),
    "wider window": windowed(ORIGINAL, low=-60, high=330),
    "narrower window": windowed(ORIGINAL, low=30, high=220),
    "brighter": windowed(ORIGINAL, low=0, high=255, gamma=0.6),
    "negative": 255 - ORIGINAL,
    "fewer pixels": rescaled(ORIGINAL, factor=0.5),
    "cut and enlarged by 1 %": rescaled(ORIGINAL, factor=1.01)[1:-1, 1:-1],
    "black border": np.pad(ORIGINAL, 12),
    "white border and JPEG": recompressed(np.pad(ORIGINAL, 12, constant_values=255), quality=75),
    "on a black square": np.pad(ORIGINAL, ((0, 0), (20, 20))),
}


def alike(one: Levels, other: Levels) -> bool:
    return are_alike(picture_details(*prepared(one)), picture_details(*prepared(other)))


@pytest.mark.parametrize("copy", COPIES)
def test_a_copy_is_alike_whatever_was_done_to_it(copy: str) -> None:
    assert alike(ORIGINAL, COPIES[copy])
    assert alike(COPIES[copy], ORIGINAL)


def test_pictures_that_share_only_their_ground_are_not_alike() -> None:
    details = [picture_detail(coarse_picture(*prepared(drawn(number)))) for number in range(12)]
    values = [similarity(one, other) for place, one in enumerate(details) for other in details[:place]]
    assert max(values) < 0.8
    assert not alike(drawn(1), drawn(2))


def test_a_shift_and_a_turn_by_a_quarter_are_no_small_displacements() -> None:
    assert not alike(ORIGINAL, np.roll(ORIGINAL, 20, axis=0))
    assert not alike(ORIGINAL, np.rot90(ORIGINAL))


def test_blank_pictures_show_nothing_and_are_like_nothing() -> None:
    blank = np.full((200, 200), 90, np.uint8)
    marked = blank.copy()
    marked[5:15, 5:15] = 255
    assert not shows_something(coarse_picture(marked, Box(0, 200, 0, 200)))
    assert not alike(blank, blank)
    assert picture_details(*prepared(marked)) == []


def test_ranks_forget_the_window_and_the_noise_of_black() -> None:
    ramp = (np.arange(4096).reshape(64, 64) // 16).astype(np.uint8)
    assert ranked(ramp)[0, 0] < 0.01
    assert ranked(ramp)[-1, -1] > 0.99
    assert np.abs(ranked(ramp) - ranked(windowed(ramp, low=-100, high=300, gamma=1.5))).max() < 0.01
    ramp[:32] = 0
    noisy = ramp.copy()
    noisy[:32:2] = 1
    assert np.ptp(ranked(noisy)[:32]) < 0.1


def test_a_hash_turns_every_bit_of_a_negative() -> None:
    hashes = [picture_hash(coarse_picture(*prepared(levels))) for levels in (ORIGINAL, 255 - ORIGINAL)]
    assert differing_bits(hashes[0], hashes[1]) >= 254


def flipped(hashes: npt.NDArray[np.uint64], *, bits: int, generator: np.random.Generator) -> npt.NDArray[np.uint64]:
    """Hashes with so many of their bits turned, each its own."""
    octets = np.unpackbits(hashes.view(np.uint8), axis=1, bitorder="little")
    for row in octets:
        row[generator.choice(256, bits, replace=False)] ^= 1
    return np.packbits(octets, axis=1, bitorder="little").view(np.uint64)


@settings(max_examples=6, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), bits=st.integers(0, CERTAIN_DISTANCE), few=st.integers(1, 256))
def test_every_pair_within_the_certain_distance_is_found(seed: int, bits: int, few: int) -> None:
    generator = np.random.default_rng(seed)
    # Hashes that differ in few places fill the buckets unevenly, as chests do.
    hashes = np.zeros((40, 4), dtype=np.uint64)
    hashes[:] = flipped(hashes, bits=few, generator=generator)
    probes = flipped(hashes, bits=bits, generator=generator)
    pairs = near_pairs(probes, hashes, limit=40)
    distances = differing_bits(probes[:, None], hashes[None])
    found = np.zeros(distances.shape, dtype=bool)
    found[pairs[:, 0], pairs[:, 1]] = True
    assert found[distances <= CERTAIN_DISTANCE].all()
    assert not found[distances > 40].any()
    assert len(pairs) == found.sum()
    assert found.diagonal().all()


def test_no_hashes_have_no_pairs() -> None:
    none = np.empty((0, 4), dtype=np.uint64)
    assert near_pairs(none, none, limit=40).shape == (0, 2)


@pytest.mark.parametrize(("height", "width"), [(300, 260), (260, 301), (64, 64), (7, 1000)])
def test_the_box_is_where_the_picture_lies_in_its_square(height: int, width: int) -> None:
    square, box = prepared(np.full((height, width), 255, np.uint8))
    assert (square[box.top : box.bottom, box.left : box.right] == 255).all()
    assert (square == 255).sum() == (box.bottom - box.top) * (box.right - box.left)


def stored(pictures: list[Levels], tmp_path: Path, **columns: list[object]) -> pd.DataFrame:
    """The table of pictures, which lie in two shards, even rows in the first."""
    for shard in (0, 1):
        squares = [prepared(levels)[0] for levels in pictures[shard::2]]
        np.save(tmp_path / f"{shard}.npy", np.stack(squares))
    table = pd.DataFrame(
        {
            "row": range(len(pictures)),
            "site": "here",
            "patient": [f"p{row}" for row in range(len(pictures))],
            "readable": True,
            "pixel_sha256": [str(levels.tobytes()) for levels in pictures],
            "rotate": 0,
            "box_top": 0,
            "box_left": 0,
            "box_bottom": [levels.shape[0] for levels in pictures],
            "box_right": [levels.shape[1] for levels in pictures],
            **columns,
        }
    )
    return table.assign(duplicate_of=identical_to(table))


def found(table: pd.DataFrame, tmp_path: Path) -> list[int]:
    rows = [table["row"].to_numpy()[shard::2] for shard in (0, 1)]
    return nearly_identical_to(table, images=[tmp_path / "0.npy", tmp_path / "1.npy"], rows=rows).tolist()


def test_copies_are_found_across_shards_and_name_the_first(tmp_path: Path) -> None:
    again = COPIES["narrower window"]
    pictures = [drawn(1), ORIGINAL, COPIES["JPEG 50"], drawn(2), again, COPIES["negative"], again, drawn(1)]
    table = stored(pictures, tmp_path)
    assert table["duplicate_of"].tolist() == [-1, -1, -1, -1, -1, -1, 4, 0]
    assert found(table, tmp_path) == [-1, -1, 1, -1, 1, 1, 1, -1]


def test_what_cannot_be_read_repeats_nothing(tmp_path: Path) -> None:
    pictures = [ORIGINAL, ORIGINAL, COPIES["JPEG 95"], COPIES["JPEG 50"]]
    table = stored(pictures, tmp_path, readable=[False, True, True, False])
    assert table["duplicate_of"].tolist() == [-1, -1, -1, -1]
    assert found(table, tmp_path) == [-1, -1, 1, -1]


def test_a_turned_original_is_found_by_its_corrected_copy(tmp_path: Path) -> None:
    lying = np.ascontiguousarray(np.rot90(ORIGINAL))
    table = stored([ORIGINAL, COPIES["JPEG 95"]], tmp_path, rotate=[0, 90])
    table.loc[1, ["box_bottom", "box_right"]] = lying.shape
    assert found(table, tmp_path) == [-1, 0]


def test_within_a_patient_every_pair_is_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pictures = [ORIGINAL, drawn(1), COPIES["JPEG 50"], COPIES["negative"], COPIES["brighter"]]
    table = stored(pictures, tmp_path, patient=["x", "x", "x", "x", "y"])
    monkeypatch.setattr(duplicates, "ANYWHERE_BITS", -1)
    assert found(table, tmp_path) == [-1, -1, 0, 0, -1]


def test_repeats_are_counted_by_whose_they_are_and_leaks_are_named() -> None:
    table = pd.DataFrame(
        {
            "row": range(6),
            "site": ["a", "a", "a", "b", "b", "b"],
            "patient": ["x", "x", "y", "z", "z", "w"],
            "duplicate_of": [-1, 0, -1, -1, -1, -1],
            "near_duplicate_of": [-1, -1, 0, 0, 3, -1],
        }
    )
    counts = count_duplicates(table)
    assert counts.to_numpy().tolist() == [
        ["a", "identical", "same patient", 1],
        ["a", "nearly identical", "another patient", 1],
        ["b", "nearly identical", "another site", 1],
        ["b", "nearly identical", "same patient", 1],
    ]
    lines = duplicate_lines(counts).splitlines()
    assert lines[0] == "a: 1 identical to a radiograph of the same patient"
    assert lines[1].startswith("a: 1 nearly identical to a radiograph of another patient. LEAK")
    assert ["LEAK" in line for line in lines] == [False, True, True, False]
    none = count_duplicates(table.assign(duplicate_of=-1, near_duplicate_of=-1))
    assert none.columns.tolist() == ["site", "kind", "relation", "n"]
    assert duplicate_lines(none) == ""


def read_searched(paths: list[Path], patients: list[str], tmp_path: Path, *, size: int) -> pd.DataFrame:
    """Table of files, read and searched for repeats."""
    reads = [read_radiograph(path, size=size) for path in paths]
    np.save(tmp_path / "read.npy", np.stack([read.levels for read in reads]))
    table = pd.DataFrame(
        [
            {"readable": not read.reason, "pixel_sha256": read.pixel_sha256}
            | {f"box_{side}": value for side, value in read.box._asdict().items()}
            for read in reads
        ]
    ).assign(row=range(len(reads)), patient=patients, rotate=0, file=[path.name for path in paths])
    table["duplicate_of"] = identical_to(table)
    rows = [table["row"].to_numpy()]
    table["near_duplicate_of"] = nearly_identical_to(table, images=[tmp_path / "read.npy"], rows=rows)
    return table


@pytest.mark.real
@pytest.mark.slow
def test_real_families_of_encodings_are_found_and_nothing_else(tmp_path: Path) -> None:
    paths = sorted(real_data("dicom").glob("*.dcm"))
    table = read_searched(paths, [path.stem for path in paths], tmp_path, size=128)
    files = dict(zip(table["row"], table["file"].str.removesuffix(".dcm"), strict=True))
    near = {files[row]: files[first] for row, first in table["near_duplicate_of"].items() if first >= 0}
    hip = ["rg2_j2ki", "rg2_jlsn", "rg2_jply", "rg2_jply_fixed"]
    assert near == {
        **dict.fromkeys(hip, "rg2_htj2k_wrapped"),
        "rg1_jlsn": "rg1_j2ki",
        "offis_voilut_04": "ct_chest_signed_asOT",  # both hold the same test pattern
    }
    same = {files[row]: files[first] for row, first in table["duplicate_of"].items() if first >= 0}
    assert same["rsna_cr_jpegbaseline"] == "rsna_cr_fake_mono1"
    assert same["canon_dx_966_fixed"] == "canon_dx_966_badcom"
    assert len(same) == 13


@pytest.mark.real
@pytest.mark.slow
def test_series_of_real_patients_hold_no_copies(tmp_path: Path) -> None:
    folder = real_data("images", "hannover")
    metadata = pd.read_csv(folder / "metadata.csv")
    table = read_searched(
        [folder / file for file in metadata["file"]], metadata["patient_id"].tolist(), tmp_path, size=64
    )
    assert table["patient"].duplicated().sum() > 100
    assert (table[["duplicate_of", "near_duplicate_of"]] == -1).all(axis=None)


@pytest.mark.slow
def test_simulated_copies_are_found_and_other_simulated_chests_are_not(tmp_path: Path) -> None:
    site = simulate_site(site="development", role="development", patients=150, seed=1, thresholds=[])
    frontal = site.radiographs.query("view == 'PA' and defect == ''")
    copies = frontal[frontal.duplicated("exposure", keep=False)]
    chosen = pd.concat([copies, frontal.drop(copies.index).head(40)]).reset_index(drop=True)
    write_radiographs(chosen, tmp_path / "site", site="development", shard=0, shards=1, size=128, seed=1)
    paths = [tmp_path / "site" / file for file in chosen["file"]]
    table = read_searched(paths, chosen["patient_id"].tolist(), tmp_path, size=64)
    assert table["readable"].all()
    first = chosen.groupby("exposure").cumcount() == 0
    repeated = table[["duplicate_of", "near_duplicate_of"]].max(axis=1)
    assert (repeated == -1).tolist() == first.tolist()
    assert (table["near_duplicate_of"] >= 0).any()
    exposures = chosen["exposure"].to_numpy()
    assert (exposures[repeated[~first]] == exposures[~first]).all()
