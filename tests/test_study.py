"""The definition of a study, and the core that every stage uses: files, seeds, pseudonyms."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from cacs_cxr import pseudonyms
from cacs_cxr.faults import InputError
from cacs_cxr.seeds import derive_seed
from cacs_cxr.study import Study
from cacs_cxr.tables import read_written_table, whole_file, write_csv, write_json, write_parquet

REPOSITORY = Path(__file__).resolve().parents[1]


@pytest.fixture
def study() -> Study:
    return Study.from_plain(yaml.safe_load((REPOSITORY / "config.yaml").read_text(encoding="utf-8")))


def test_categories_at_the_edges(study: Study) -> None:
    scores = [0, 0.4, 1, 99.9, 100, 399, 400, 4000]
    assert study.category(scores).tolist() == [0, 1, 1, 1, 2, 2, 3, 3]
    assert study.category_labels == ["0", "1–99", "100–399", "≥ 400"]


def test_plain_values_round_trip(study: Study, tmp_path: Path) -> None:
    write_json(study.plain(), tmp_path / "study.json")
    assert Study.read(tmp_path / "study.json") == study
    assert study.development == "development"
    assert study.external == ["external"]


def test_terms_name_the_coded_level(study: Study) -> None:
    assert [factor.term for factor in study.factors] == ["age", "sex[M]", "bmi"]


def test_derived_seeds_do_not_move() -> None:
    assert derive_seed(1, "train", "gt0", 3) == derive_seed(1, "train", "gt0", 3)
    assert len({derive_seed(1, "train", threshold, fold) for threshold in ("gt0", "ge100") for fold in range(10)}) == 20
    assert 0 <= derive_seed(20250331, "a") < 2**63


def test_nothing_half_written_is_left(tmp_path: Path) -> None:
    (tmp_path / "table.csv").write_text("old\n")

    def break_off() -> None:
        with whole_file(tmp_path / "table.csv") as temporary:
            temporary.write_text("half")
            raise RuntimeError("broken")

    with pytest.raises(RuntimeError, match="broken"):
        break_off()
    assert [path.name for path in tmp_path.iterdir()] == ["table.csv"]
    assert (tmp_path / "table.csv").read_text() == "old\n"


def test_tables_read_back_as_they_were(tmp_path: Path) -> None:
    frame = pd.DataFrame({"patient": ["007", "1e5"], "value": [1 / 3, np.nextafter(0.1, 1)], "count": [1, 2]})
    for name in ("table.csv", "table.parquet"):
        (write_csv if name.endswith("csv") else write_parquet)(frame, tmp_path / name)
        pd.testing.assert_frame_equal(read_written_table(tmp_path / name), frame, check_exact=True)


def test_json_refuses_what_is_not_a_number(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json({"auc": float("nan")}, tmp_path / "numbers.json")
    assert not list(tmp_path.iterdir())


def test_pseudonyms_are_keyed_and_stable() -> None:
    key = pseudonyms.simulated_key(1)
    assert pseudonyms.pseudonym(" 123 ", key=key) == pseudonyms.pseudonym("123", key=key)
    assert pseudonyms.pseudonym("123", key=key) != pseudonyms.pseudonym("123", key=pseudonyms.simulated_key(2))
    assert len(pseudonyms.pseudonym("123", key=key)) == 16
    assert pseudonyms.pseudonym("  ", key=key) == ""


def test_key_file_is_made_once_and_is_private(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(pseudonyms.KEY_VARIABLE, raising=False)
    file = tmp_path / "restricted" / "pseudonym.key"
    with pytest.raises(InputError, match=r"no such file.*snakemake --forcerun index_radiographs"):
        pseudonyms.real_key(file)
    with ThreadPoolExecutor(8) as several:
        list(several.map(pseudonyms.make_key, [file] * 8))
    first = pseudonyms.real_key(file)
    assert len(first) == 64
    pseudonyms.make_key(file)
    assert pseudonyms.real_key(file) == first
    assert file.stat().st_mode & 0o777 == 0o600
    assert list(file.parent.iterdir()) == [file]
    file.write_text("short")
    with pytest.raises(InputError, match="found 'a key of 5 bytes'; expected at least 16 bytes"):
        pseudonyms.real_key(file)


def test_a_key_in_the_environment_goes_before_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(pseudonyms.KEY_VARIABLE, "a secret of the hospital")
    file = tmp_path / "restricted" / "pseudonym.key"
    pseudonyms.make_key(file)
    assert not file.parent.exists()
    assert pseudonyms.study_key(simulated=False, seed=1, key_file=file) == b"a secret of the hospital"


def test_study_that_does_not_fit_together_is_refused(study: Study) -> None:
    plain = json.loads(json.dumps(study.plain()))
    with pytest.raises(ValueError, match="3 categories for 3 thresholds; expected 4"):
        Study.from_plain({**plain, "categories": plain["categories"][:3]})
