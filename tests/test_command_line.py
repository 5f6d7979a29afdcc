import importlib
import io
import json
import subprocess
import sys
import tomllib
from contextlib import redirect_stdout
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cacs_cxr import __version__
from cacs_cxr.command_line import READ, REFUSED, USAGE, main
from cacs_cxr.imaging.radiograph import read_radiograph

ROOT = Path(__file__).resolve().parents[1]
NAME = "Doe_Jane_1977"


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two pictures, of which one bears a name, and a file that is none."""
    folder = tmp_path_factory.mktemp("files")
    levels = np.random.default_rng(1).integers(0, 256, (40, 30)).astype(np.uint8)
    Image.fromarray(levels).save(folder / f"{NAME}.png")
    Image.fromarray(255 - levels[::-1]).save(folder / "second.png")
    (folder / "third.dcm").write_text("no image")
    return [folder / f"{NAME}.png", folder / "second.png", folder / "third.dcm"]


def run(*arguments: str | Path) -> tuple[int, str]:
    """Exit code and what was printed."""
    printed = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    with redirect_stdout(printed):
        code = main([str(argument) for argument in arguments])
    printed.seek(0)
    return code, printed.read()


@pytest.fixture(scope="module")
def text_run(files: list[Path], tmp_path_factory: pytest.TempPathFactory) -> tuple[int, str, Path]:
    """Exit code, text and folder of previews of all three files."""
    previews = tmp_path_factory.mktemp("previews") / "new"
    return *run("inspect", *files, "--preview", previews, "--size", "64"), previews


def test_each_file_is_named_as_it_was_given_and_has_a_verdict(
    files: list[Path], text_run: tuple[int, str, Path]
) -> None:
    code, text, _ = text_run
    assert code == REFUSED
    assert [f"{number}. {file}" in text for number, file in enumerate(files, start=1)] == [True] * 3
    verdicts = [line.strip() for line in text.splitlines() if "verdict" in line]
    assert verdicts[:2] == ["verdict: read"] * 2
    assert verdicts[2].startswith("verdict: refused, not-an-image. The file is neither DICOM nor PNG nor JPEG")


def test_previews_are_what_the_study_sees_named_by_number_and_hash(
    files: list[Path], text_run: tuple[int, str, Path]
) -> None:
    _, text, previews = text_run
    reads = [read_radiograph(file, size=64) for file in files[:2]]
    names = [f"{number:02d}-{read.pixel_sha256[:12]}.png" for number, read in enumerate(reads, start=1)]
    assert sorted(path.name for path in previews.iterdir()) == names
    for name, read in zip(names, reads, strict=True):
        assert np.array_equal(np.asarray(Image.open(previews / name)), read.levels)
        assert str(previews / name) in text
        assert NAME.encode() not in (previews / name).read_bytes()


def test_json_holds_the_same_and_the_exit_code_tells_that_all_were_read(files: list[Path], tmp_path: Path) -> None:
    code, text = run("inspect", *files[:2], "--preview", tmp_path, "--json")
    told = json.loads(text)["files"]
    assert code == READ
    assert [(file["number"], file["file"], file["verdict"]) for file in told] == [
        (1, str(files[0]), "read"),
        (2, str(files[1]), "read"),
    ]
    assert told[0]["intensity_path"] == "as-is"
    assert {step["topic"] for step in told[0]["steps"]} == {"format", "bounds", "use"}
    assert Path(told[1]["preview"]).parent == tmp_path
    assert np.asarray(Image.open(told[1]["preview"])).shape == (512, 512)


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["inspect"],
        ["inspect", "a", "--size", "8"],
        ["inspect", "a", "--border", "cut"],
        ["inspect", "."],
        ["guess"],
    ],
)
def test_wrong_usage_is_told_and_exits_with_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == USAGE
    assert "cacs-cxr" in capsys.readouterr().err


def test_a_folder_that_cannot_be_written_is_named(files: list[Path], capsys: pytest.CaptureFixture[str]) -> None:
    code, _ = run("inspect", files[0], "--preview", files[1])
    assert code == USAGE
    assert f"{files[1]}: File exists. Choose another folder." in capsys.readouterr().err


def test_the_command_that_is_installed_is_this_one() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    module, function = project["scripts"]["cacs-cxr"].split(":")
    assert getattr(importlib.import_module(module), function) is main


def test_the_package_runs_as_the_command() -> None:
    command = [sys.executable, "-m", "cacs_cxr", "--version"]
    done = subprocess.run(command, cwd=ROOT / "workflow" / "scripts", capture_output=True, text=True, check=True)
    assert done.stdout.strip() == __version__
