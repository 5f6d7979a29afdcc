"""The command ``cacs-cxr``: what can be asked of the library without running a study."""

import argparse
import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from PIL import Image

from cacs_cxr import __version__
from cacs_cxr.faults import InputError
from cacs_cxr.imaging.inspection import Inspection, inspect_files
from cacs_cxr.imaging.inspection_text import as_text, as_values
from cacs_cxr.new_study import run_command, write_study
from cacs_cxr.tables import whole_file, write_text

READ, REFUSED, USAGE = 0, 1, 2  # exit codes
WRITTEN = 0
DEFAULT_PREVIEWS, COMPARISON = Path("previews"), Path("comparison.html")
SIZES = range(16, 4097)
DIGEST_DIGITS = 12


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command with its arguments, those of the process where none are given; returns the exit code."""
    parser = command_parser()
    options = parser.parse_args(arguments)
    if folders := [str(file) for file in getattr(options, "files", ()) if file.is_dir()]:
        parser.error(f"{', '.join(folders)}: a folder, expected files. Name them, e.g. {folders[0]}/*")
    sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]  # a terminal may lack a sign
    try:
        return int(options.run(options))
    except BrokenPipeError:
        # Whoever reads has seen enough (`| head`); what is still buffered must not be written either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return READ
    except OSError as error:
        print(f"cacs-cxr: {error.filename}: {error.strerror}. Choose another folder.", file=sys.stderr)
        return USAGE


def command_parser() -> argparse.ArgumentParser:
    """Parser of the command line."""
    parser = argparse.ArgumentParser(prog="cacs-cxr", description="Radiographs and calcium scores: tools of the study.")
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_init(commands.add_parser)
    _add_inspect(commands.add_parser)
    _add_compare(commands.add_parser)
    return parser


def _add_init(add: Callable[..., argparse.ArgumentParser]) -> None:
    command = add(
        "init",
        help="begin a study on your own patients: a commented configuration and empty tables",
        description="Writes FOLDER/study.yaml and for each site a folder with patients.csv, scores.csv and "
        "outcomes.csv, which hold a header only, and an empty folder radiographs. Nothing is overwritten.",
    )
    command.set_defaults(run=init)
    command.add_argument("folder", metavar="FOLDER", type=Path, help="folder of the study; made where it is missing")
    command.add_argument(
        "--sites",
        metavar="NAME",
        nargs="+",
        default=["development", "external"],
        help="names of the sites, the development site first (default: development external)",
    )
    command.add_argument(
        "--dates",
        choices=["iso", "days"],
        default="iso",
        help="whether tables hold dates or integer days (default: %(default)s)",
    )


def _add_inspect(add: Callable[..., argparse.ArgumentParser]) -> None:
    command = add(
        "inspect",
        help="tell how the study reads radiograph files, step by step, and write previews",
        description="Tells what the study makes of each file, without names, dates or identifiers, and writes the "
        "picture that networks see. Exit code: 0 all files were read, 1 one was refused, 2 wrong usage.",
    )
    command.set_defaults(run=inspect)
    command.add_argument("files", metavar="FILE", nargs="+", type=Path, help="DICOM, PNG or JPEG file")
    command.add_argument(
        "--preview",
        metavar="DIR",
        type=Path,
        default=DEFAULT_PREVIEWS,
        help="folder of the previews, named by the file's number and its pixels' hash (default: %(default)s)",
    )
    command.add_argument("--size", type=_size, default=512, help="pixels a side of a preview (default: %(default)s)")
    command.add_argument(
        "--border",
        choices=["keep", "trim"],
        default="keep",
        help="as imaging: border in the configuration (default: %(default)s)",
    )
    command.add_argument("--json", action="store_true", help="print JSON instead of text")


def _add_compare(add: Callable[..., argparse.ArgumentParser]) -> None:
    command = add(
        "compare",
        help="compare two finished studies and write one page of what differs",
        description="Compares settings, patients, AUCs (paired where the patients are the same), hazard ratios, "
        "versions and files of two studies. A and B are folders of results, folders of studies, or archives.",
    )
    command.set_defaults(run=compare)
    command.add_argument("a", metavar="A", type=Path, help="results/ or archive.tar.gz of the first study")
    command.add_argument("b", metavar="B", type=Path, help="the same of the second study")
    command.add_argument(
        "--output", metavar="FILE", type=Path, default=COMPARISON, help="page to write (default: %(default)s)"
    )


def _size(text: str) -> int:
    if not text.isdecimal() or int(text) not in SIZES:
        raise argparse.ArgumentTypeError(f"found {text!r}, expected a whole number from {SIZES[0]} to {SIZES[-1]}")
    return int(text)


def init(options: argparse.Namespace) -> int:
    """Write a new study and print what to do next; returns the exit code."""
    try:
        written = write_study(options.folder, sites=options.sites, dates=options.dates)
    except InputError as error:
        print(f"cacs-cxr: nothing was written. {error}", file=sys.stderr)
        return USAGE
    command = run_command(options.folder)
    print("\n".join(str(path) for path in written))
    print("\nFill the tables, or name your own files and columns in the configuration; then, in the repository:")
    print(f"  snakemake {command} check_inputs\n  snakemake {command}")
    return WRITTEN


def inspect(options: argparse.Namespace) -> int:
    """Inspect the files, write their previews and print what was found; returns the exit code."""
    refused = False
    values = []
    for place, inspection, preview in _inspected(options):
        refused |= bool(inspection.radiograph.reason)
        file = str(options.files[place])
        if options.json:
            values.append(as_values(inspection, place=place, file=file, preview=preview))
        else:
            print(as_text(inspection, place=place, file=file, preview=preview), flush=True)
    if options.json:
        print(json.dumps({"files": values}, indent=2, allow_nan=False))
    return REFUSED if refused else READ


def compare(options: argparse.Namespace) -> int:
    """Compare two studies and write the page; returns the exit code."""
    # Pandas and SciPy cost a second that the other commands need not pay.
    from cacs_cxr.report.compared_study import read_compared
    from cacs_cxr.report.comparison import render_comparison

    try:
        first, second = read_compared(options.a, name=str(options.a)), read_compared(options.b, name=str(options.b))
    except InputError as error:
        print(f"cacs-cxr: nothing was written. {error}", file=sys.stderr)
        return USAGE
    write_text(render_comparison(first, second), options.output)
    print(options.output)
    return WRITTEN


def _inspected(options: argparse.Namespace) -> Iterator[tuple[int, Inspection, str]]:
    """Place of each file, its inspection, and the path of its preview, empty where it was refused."""
    digits = max(2, len(str(len(options.files))))
    for place, inspection in enumerate(inspect_files(options.files, size=options.size, border=options.border)):
        read = inspection.radiograph
        if read.reason:
            yield place, inspection, ""
            continue
        preview = options.preview / f"{place + 1:0{digits}d}-{read.pixel_sha256[:DIGEST_DIGITS]}.png"
        with whole_file(preview) as temporary:
            Image.fromarray(read.levels).save(temporary, format="PNG")
        yield place, inspection, str(preview)
