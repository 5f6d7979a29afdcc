import logging
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet
import pytest
from header_secrets import identifying_values
from pydicom import dcmread

from cacs_cxr.imaging.header_index import index_folder, index_table, log_index
from cacs_cxr.imaging.image_table import read_image_table
from cacs_cxr.imaging.radiograph import Radiograph, read_radiograph
from cacs_cxr.tables import write_parquet
from real_data import real_data

pytestmark = pytest.mark.real
KEY = b"k" * 16

REFUSED = {
    "agfa_chest_32px_ir6.dcm": "no-pixel-data",
    "agfa_chest_32px_japanese.dcm": "no-pixel-data",
    "agfa_chest_32px_korean.dcm": "no-pixel-data",
    "html_named_dcm.dcm": "not-an-image",
    "index.csv": "not-an-image",
    "oob_65535.dcm": "too-large",
}
PATHS = {
    "agfa_cspine_16px_ll.dcm": "rescale>window-linear>invert",
    "barre_chest_explicit.dcm": "window-linear>invert",
    "barre_chest_implicit.dcm": "window-linear>invert",
    "barre_chest_implicit_nometa.dcm": "window-linear>invert",
    "canon_dx_966_badcom.dcm": "window-linear>invert",
    "canon_dx_966_fixed.dcm": "window-linear>invert",
    "ct_chest_signed_asOT.dcm": "window-linear",
    "cxr_jpll_nomanufacturer.dcm": "modality-lut>window-linear>invert",
    "deflated_ot.dcm": "percentile",
    "fodicom_cr_modalitylut.dcm": "modality-lut>percentile>invert",
    "ge_mg_jpll.dcm": "padding>voi-lut",
    "kodak_cr_hand_j2k_sot.dcm": "window-linear",
    "mg_outofbounds_overlay.dcm": "padding>window-linear",
    "nih_dx_test1.dcm": "percentile",
    "nih_dx_test2.dcm": "percentile",
    "nih_dx_test4.dcm": "percentile",
    "nih_dx_test5.dcm": "percentile",
    "nih_dx_test6.dcm": "percentile",
    "offis_voilut_04.dcm": "voi-lut",
    "rg1_j2ki.dcm": "window-linear>invert",
    "rg1_jlsn.dcm": "window-linear>invert",
    **{
        f"rg2_{kind}.dcm": "window-linear"
        for kind in ["htj2k_wrapped", "j2ki", "j2kr", "jlsl", "jlsn", "jpll", "jply", "jply_fixed", "rle", "unc"]
    },
    "rg_mg1_j2ki.dcm": "window-linear",
    "rsna_cr_fake_mono1.dcm": "percentile>invert",
    "rsna_cr_jpegbaseline.dcm": "percentile",
    "siemens_rf.dcm": "modality-lut>window-linear",
}
VIEWS = {
    "agfa_cspine_16px_ll.dcm": ("lateral", "ViewPosition"),
    "barre_chest_explicit.dcm": ("PA", "ViewPosition"),
    "cxr_jpll_nomanufacturer.dcm": ("PA", "text rule"),
    "ge_mg_jpll.dcm": ("other", "ViewPosition"),
    "nih_dx_test1.dcm": ("PA", "text rule"),
    "nih_dx_test2.dcm": ("AP", "text rule"),
    "nih_dx_test6.dcm": ("unknown", "none"),
    "rg2_unc.dcm": ("unknown", "none"),
    "rsna_cr_jpegbaseline.dcm": ("PA", "ViewPosition"),
}
LOSSLESS = ["rg2_unc", "rg2_j2kr", "rg2_jlsl", "rg2_jpll", "rg2_rle", "rg2_htj2k_wrapped"]


@pytest.fixture(scope="module")
def radiographs() -> dict[str, Radiograph]:
    """Every file of the folder, read."""
    folder = real_data("dicom")
    return {path.name: read_radiograph(path, size=128) for path in sorted(folder.iterdir())}


def test_every_file_is_read_or_refused_with_the_right_reason(radiographs: dict[str, Radiograph]) -> None:
    assert {name: read.reason for name, read in radiographs.items() if read.reason} == REFUSED
    assert {name: read.intensity_path for name, read in radiographs.items() if not read.reason} == PATHS


def test_lossless_encodings_of_one_radiograph_are_identical(radiographs: dict[str, Radiograph]) -> None:
    reads = [radiographs[f"{name}.dcm"] for name in LOSSLESS]
    assert len({read.pixel_sha256 for read in reads}) == 1
    assert all(np.array_equal(read.levels, reads[0].levels) for read in reads)


def test_lossy_encodings_are_close_but_no_duplicates(radiographs: dict[str, Radiograph]) -> None:
    plain = radiographs["rg2_unc.dcm"]
    for name in ("rg2_j2ki.dcm", "rg2_jlsn.dcm", "rg2_jply_fixed.dcm"):
        assert radiographs[name].pixel_sha256 != plain.pixel_sha256
        assert np.abs(radiographs[name].levels.astype(int) - plain.levels).mean() < 1


@pytest.mark.parametrize(
    ("file", "corrected"), [("rg2_jply", "rg2_jply_fixed"), ("canon_dx_966_badcom", "canon_dx_966_fixed")]
)
def test_damaged_codestreams_are_decoded_to_the_pixels_of_the_corrected_file(
    radiographs: dict[str, Radiograph], file: str, corrected: str
) -> None:
    assert radiographs[f"{file}.dcm"].pixel_sha256 == radiographs[f"{corrected}.dcm"].pixel_sha256


def test_repeated_radiographs_share_their_pixel_hash(radiographs: dict[str, Radiograph]) -> None:
    for start in ("barre_chest", "nih_dx_test[1456]", "rsna_cr"):
        names = [name for name in radiographs if Path(name).match(f"{start}*")]
        assert len(names) >= 2
        assert len({radiographs[name].pixel_sha256 for name in names}) == 1


def test_chests_are_positive_and_only_the_lying_tag_is_flagged(radiographs: dict[str, Radiograph]) -> None:
    chests = {
        name: read
        for name, read in radiographs.items()
        if name.startswith(("barre", "canon", "cxr", "nih", "rg1", "rsna")) and not read.reason
    }
    assert len(chests) == 15
    flagged = [name for name, read in chests.items() if read.quality["likely_inverted"]]
    assert flagged == ["rsna_cr_fake_mono1.dcm"]


@pytest.fixture(scope="module")
def index() -> pd.DataFrame:
    """Index of every file of the folder."""
    return index_folder(real_data("dicom"), key=KEY)


def test_the_index_tells_views_and_their_source(index: pd.DataFrame) -> None:
    index = index.set_index("file")
    assert {name: tuple(index.loc[name, ["view", "view_source"]]) for name in VIEWS} == VIEWS
    assert index.loc["barre_chest_implicit_nometa.dcm", "header_note"] == "no-meta-header"
    assert index.loc["barre_chest_implicit_nometa.dcm", "transfer_syntax"] == "1.2.840.10008.1.2"
    spacing = {
        "barre_chest_implicit.dcm": (0.1, False),
        "rg1_j2ki.dcm": (0.0, False),
        "canon_dx_966_fixed.dcm": (0.16, True),
        "mg_outofbounds_overlay.dcm": (0.085, False),
    }
    for name, (mm, plausible) in spacing.items():
        assert index.loc[name, "pixel_spacing_mm"] == pytest.approx(mm, abs=1e-4), name
        assert index.loc[name, "spacing_plausible"] == plausible, name
    # Damage that only decoding shows is not known to an index of headers.
    refused = {name: reason for name, reason in index["reason"].items() if reason}
    assert refused == {name: reason for name, reason in REFUSED.items() if reason != "damaged-pixels"}


@pytest.mark.slow
def test_no_value_of_a_header_is_logged_or_given_as_a_reason(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    secrets = set()
    paths = sorted(real_data("dicom").glob("*.dcm"))
    for path in paths:
        if path.name.startswith(("html", "oob")):
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            dataset = dcmread(path, force=True, stop_before_pixels=True)
            for keyword in ("PatientName", "PatientID", "PatientBirthDate", "StudyDate", "StudyDescription"):
                secrets |= {str(dataset.get(keyword, "")).strip()}
    secrets = {secret for secret in secrets if len(secret) > 3}
    assert len(secrets) > 20
    with caplog.at_level(logging.DEBUG):
        reads = [read_radiograph(path, size=32) for path in paths]
    spoken = caplog.text + "".join(capfd.readouterr())
    spoken += "".join(read.reason + read.intensity_path for read in reads)
    assert [secret for secret in secrets if secret in spoken] == []


def test_the_index_and_its_log_hold_no_identifying_value_of_a_header(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    paths = [path for path in real_data("dicom").glob("*.dcm") if not path.name.startswith(("html", "oob"))]
    secrets = set().union(*(identifying_values(path) for path in paths))
    assert len(secrets) > 300
    caplog.clear()
    with caplog.at_level(logging.DEBUG):
        index = index_folder(real_data("dicom"), key=KEY)
        log_index(index)
        write_parquet(index, tmp_path / "index.parquet")
    written = pd.read_parquet(tmp_path / "index.parquet")
    # The names of these files are no header's values; the date of the study is what linkage needs.
    assert written["study_date"].str.fullmatch(r"(\d{4}-\d\d-\d\d)?").all()
    cells = {str(cell) for name in written.columns.drop(["file", "study_date"]) for cell in written[name]}
    metadata = str(pyarrow.parquet.read_metadata(tmp_path / "index.parquet").metadata)
    spoken = "\n".join([*cells, metadata, caplog.text, *capfd.readouterr()])
    assert [secret for secret in secrets if secret in spoken] == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("folder", "columns", "count", "views"),
    [
        ("hannover", {"file": "file", "patient": "patient_id", "view": "projection"}, 158, {"PA", "AP"}),
        (
            "nih_small",
            {"file": "file", "patient": "Patient ID", "date": "Follow-up #", "view": "View Position"},
            772,
            {"PA", "AP"},
        ),
    ],
)
def test_images_with_a_table_are_read(folder: str, columns: dict[str, str], count: int, views: set[str]) -> None:
    table = read_image_table(real_data("images", folder, "metadata.csv"), columns=columns)
    index = index_table(real_data("images", folder), table, key=KEY)
    assert len(index) == count
    assert index["readable"].all()
    assert set(index["view"]) == views
    assert index["patient"].str.fullmatch("[0-9a-f]{16}").all()
    reads = [read_radiograph(real_data("images", folder) / file, size=32) for file in index["file"]]
    assert [read.reason for read in reads if read.reason] == []
    flagged = pd.Series([bool(read.quality["likely_inverted"]) for read in reads])
    assert flagged.mean() < 0.05
