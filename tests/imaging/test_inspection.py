import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from header_secrets import identifying_values
from PIL import Image
from pydicom import Dataset, Sequence
from pydicom.uid import JPEG2000Lossless
from synthetic_dicom import encode, lut_item, lut_sequence, radiograph, save

from cacs_cxr.imaging.inspected_header import Step
from cacs_cxr.imaging.inspection import Inspection, inspect_file, inspect_files
from cacs_cxr.imaging.inspection_text import as_text, as_values
from cacs_cxr.imaging.radiograph import read_radiograph
from real_data import real_data

PIXELS = (np.arange(60 * 40).reshape(60, 40) % 4096).astype("u2")


def steps_of(path: Path) -> tuple[Step, ...]:
    return inspect_file(path, size=32, border="keep")[0]


def decisions(path: Path, element: str) -> list[str]:
    """What was decided on an element of a file."""
    return [step.decision for step in steps_of(path) if step.element == element]


def synthetic(tmp_path: Path, **elements: Any) -> Path:
    return save(radiograph(PIXELS, bits_stored=12, **elements), tmp_path / "file.dcm")


def spoken(path: Path) -> str:
    """Everything that is printed of a file, but for its name."""
    steps, read = inspect_file(path, size=32, border="keep")
    inspection = Inspection(steps, read)
    return as_text(inspection, place=0, file="", preview="") + str(as_values(inspection, place=0, file="", preview=""))


def test_the_way_of_a_file_is_told_from_its_format_to_its_use(tmp_path: Path) -> None:
    path = synthetic(tmp_path, WindowCenter=2000, WindowWidth=1000)
    topics = list(dict.fromkeys(step.topic for step in steps_of(path)))
    assert topics == ["format", "bounds", "pixels", "intensity", "view", "spacing", "use"]
    assert decisions(path, "all checks") == ["passed"]
    assert decisions(path, "PixelRepresentation") == ["unsigned: values 0 to 4,095"]
    assert decisions(path, "index") == ["can be used"]


def test_the_radiograph_is_the_one_that_the_study_reads(tmp_path: Path) -> None:
    path = synthetic(tmp_path, PhotometricInterpretation="MONOCHROME1")
    _, inspected = inspect_file(path, size=32, border="trim")
    study = read_radiograph(path, size=32, border="trim")
    assert np.array_equal(inspected.levels, study.levels)
    assert (inspected.intensity_path, inspected.quality) == (study.intensity_path, study.quality)


def test_of_several_windows_the_first_usable_is_taken(tmp_path: Path) -> None:
    path = synthetic(tmp_path, WindowCenter=[10, 2000, 3000], WindowWidth=[0, 1000, 900], VOILUTFunction="SIGMOID")
    assert decisions(path, "WindowCenter, WindowWidth") == [
        "not usable",
        "taken: the first that is usable, LUTs before windows",
        "not taken: another goes before",
    ]
    assert decisions(path, "VOILUTFunction") == ["read as SIGMOID"]


def test_a_compressed_image_tells_its_own_form(tmp_path: Path) -> None:
    path = save(encode(radiograph(PIXELS, bits_stored=12), JPEG2000Lossless), tmp_path / "file.dcm")
    assert [step.found for step in steps_of(path) if step.element == "compressed image"] == [
        "JPEG 2000, 60 × 40, 1 × 12 bits"
    ]


def test_a_lut_goes_before_a_window(tmp_path: Path) -> None:
    item = lut_item(100, list(range(2000)), entries=2000, depth=16)
    path = synthetic(tmp_path, VOILUTSequence=lut_sequence(item), WindowCenter=2000, WindowWidth=1000)
    lut, window = (decisions(path, name)[0] for name in ("VOILUTSequence", "WindowCenter, WindowWidth"))
    assert (lut[:6], window[:9]) == ("taken:", "not taken")
    found = next(step.found for step in steps_of(path) if step.element == "VOILUTSequence")
    assert found == "2,000 entries from input 100 on, outputs 0 to 1,999"


def test_without_a_usable_transformation_percentiles_are_named(tmp_path: Path) -> None:
    path = synthetic(tmp_path, VOILUTSequence=Sequence([Dataset()]), WindowCenter=5, WindowWidth=0)
    assert decisions(path, "VOILUTSequence") == ["none of them is a table"]
    assert decisions(path, "no usable VOI LUT or window")[0].startswith("from percentile 0.5 to 99.5")


def test_polarity_padding_and_slope_are_told(tmp_path: Path) -> None:
    path = synthetic(
        tmp_path,
        PhotometricInterpretation="MONOCHROME1",
        PixelPaddingValue=4000,
        PixelPaddingRangeLimit=4095,
        RescaleSlope=-2,
        RescaleIntercept=7,
    )
    assert decisions(path, "PhotometricInterpretation") == ["low values are white: inverted at the end"]
    assert decisions(path, "PixelPaddingValue") == ["values 4,000 to 4,095 become black"]
    assert decisions(path, "RescaleSlope") == ["value × -2 + 7, which turns the polarity"]


def test_the_rule_of_a_view_is_named_and_not_the_text(tmp_path: Path) -> None:
    path = synthetic(tmp_path, ViewPosition=None, SeriesDescription="Chest p.a. of Jane Doe", ProtocolName="lateral")
    assert decisions(path, "SeriesDescription") == ["PA, by a text rule"]
    assert decisions(path, "ProtocolName") == ["not asked"]
    assert decisions(path, "view") == ["PA (text rule)"]
    assert "Jane" not in spoken(path)


@pytest.mark.parametrize(
    ("spacing", "judged"), [([0.15, 0.15], "implausible"), ([5.0, 5.0], "plausible"), ([5.0, 9.0], "implausible")]
)
def test_spacing_is_judged_by_the_size_of_the_whole(tmp_path: Path, spacing: list[float], judged: str) -> None:
    path = synthetic(tmp_path, PixelSpacing=spacing)
    assert decisions(path, "spacing")[0].split(":")[0] == judged


def test_a_refusal_names_reason_and_remedy(tmp_path: Path) -> None:
    path = synthetic(tmp_path, NumberOfFrames=7)
    assert decisions(path, "all checks") == [
        "refused, multi-frame. Only single radiographs are read; export the frames as single images."
    ]
    assert "verdict: refused, multi-frame." in spoken(path)
    assert decisions(path, "BitsStored") == []


def test_what_is_no_radiograph_at_all_is_refused(tmp_path: Path) -> None:
    (tmp_path / "page.dcm").write_text("<html>Jane Doe</html>" * 20)
    assert "refused, not-an-image" in spoken(tmp_path / "page.dcm")
    assert "refused, missing-file" in spoken(tmp_path / "absent.dcm")
    broken = encode(radiograph(PIXELS, bits_stored=12), JPEG2000Lossless)
    path = save(broken, tmp_path / "broken.dcm")
    content = path.read_bytes()
    path.write_bytes(content[: len(content) - 900])
    assert "verdict: refused, truncated" in spoken(path)


def test_a_picture_needs_a_table(tmp_path: Path) -> None:
    Image.fromarray((PIXELS >> 4).astype(np.uint8)).save(tmp_path / "file.png")
    assert decisions(tmp_path / "file.png", "index") == ["an image table must name its patient"]
    assert "verdict: read" in spoken(tmp_path / "file.png")


def test_nothing_that_may_identify_is_told_wherever_it_stands(tmp_path: Path) -> None:
    secret = "DOE JANE"
    hidden = dict.fromkeys(
        ("PatientID", "StudyDescription", "SeriesDescription", "ProtocolName", "Manufacturer", "InstitutionName"),
        secret,
    )
    coded = dict.fromkeys(("Modality", "BodyPartExamined", "PresentationIntentType", "PatientPosition"), secret)
    answers = {"ViewPosition": secret, "BurnedInAnnotation": secret, "Laterality": secret, "VOILUTFunction": secret}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pydicom names values that break the rules
        path = synthetic(
            tmp_path,
            **hidden,
            **coded,
            **answers,
            PatientName=secret,
            StudyDate="19770703",
            SOPInstanceUID="1.2.276.0.7230010.3.19770703",
            WindowCenter=2000,
            WindowWidth=1000,
        )
    told = spoken(path)
    assert "verdict: read" in told
    for word in ("DOE", "JANE", "1977", "7230010"):
        assert word not in told


def test_copies_among_the_inspected_files_are_named_by_their_place(tmp_path: Path) -> None:
    generator = np.random.default_rng(3)
    picture, other = (np.kron(generator.integers(20, 230, (20, 20)), np.ones((6, 7))).astype("u1") for _ in range(2))
    paths = [tmp_path / name for name in ("a.png", "b.png", "c.png", "absent", "d.jpg")]
    for path, levels in zip(paths, (picture, other, picture, None, picture), strict=True):
        if levels is not None:
            Image.fromarray(levels).save(path)
    found = list(inspect_files(paths, size=64, border="keep"))
    assert [inspection.identical_to for inspection in found] == [None, None, 0, None, None]
    assert [inspection.nearly_identical_to for inspection in found] == [None, None, None, None, 0]
    assert [inspection.radiograph.reason for inspection in found] == ["", "", "", "missing-file", ""]
    assert "the same pixels as file 1" in as_text(found[2], place=2, file="c.png", preview="")
    assert as_values(found[4], place=4, file="d.jpg", preview="")["nearly_identical_to"] == 1


@pytest.mark.real
@pytest.mark.slow
def test_no_identifying_value_of_a_real_header_is_told() -> None:
    paths = [path for path in sorted(real_data("dicom").glob("*.dcm")) if not path.name.startswith(("html", "oob"))]
    secrets = {path: identifying_values(path) for path in paths}
    assert sum(map(len, secrets.values())) > 600
    for path in paths:
        told = spoken(path)
        assert [value for value in sorted(secrets[path]) if value in told] == []
