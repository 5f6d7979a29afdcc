"""Reads thousands of damaged radiograph files among good ones, as the study reads them, and counts what comes of it.

python benchmarks/read_mutated_files.py [--files 20000] [--seed 1]

Good synthetic files of every transfer syntax, PNG and JPEG are damaged (bits, bytes, lengths, elements, values, pixels,
markers, ends, splices) and read in a guarded process: by the reader of headers and by the reader of radiographs. One
file in eight is good. The status is 1 where a good file is lost or read to other pixels, where an exception escapes,
where a file takes longer than the time limit without being given up, or where the process passes its bound of memory.
"""

import argparse
import sys
import tempfile
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "workflow" / "scripts"), str(ROOT / "tests" / "imaging")]

from mutated_reading import MEMORY, SECONDS, Result, read_examples  # noqa: E402
from mutations import examples  # noqa: E402

LOST = ("timeout", "decoder-crash", "out-of-memory", "cannot-open")


def report(results: list[Result]) -> int:
    """Print the counts and return the exit status."""
    damaged = [result for result in results if result.example.mutation]
    good = [result for result in results if not result.example.mutation]
    print(f"{len(damaged)} damaged files and {len(good)} good ones\n\nverdict on damaged files")
    for verdict, count in Counter(result.verdict for result in damaged).most_common():
        print(f"{count:8} {verdict}")
    lost = Counter(
        (result.verdict, result.example.origin, result.example.mutation) for result in damaged if result.verdict in LOST
    )
    print("\nof these, lost to the reading process: verdict, file, damage")
    for (verdict, origin, mutation), count in sorted(lost.items()):
        print(f"{count:8} {verdict}, {origin}, {mutation}")
    wrong = [result for result in good if not result.right]
    escaped = [result for result in results if result.verdict.startswith("exception")]
    slow = [result for result in results if result.seconds > SECONDS and result.verdict != "timeout"]
    greedy = [result for result in results if result.peak_bytes > MEMORY]
    slowest = max(results, key=lambda result: result.seconds)
    print(f"\ngood files not read to the right pixels: {len(wrong)} of {len(good)}")
    print(f"exceptions that escaped: {len(escaped)}")
    print(f"slowest file: {slowest.seconds:.2f} s ({slowest.example.origin}, {slowest.example.mutation or 'good'})")
    print(f"greatest growth of the process at a file: {max(r.peak_bytes for r in results) / 2**20:.0f} MiB")
    return int(any((wrong, escaped, slow, greedy)))


def main() -> int:
    """Parse the command line, read the files and report."""
    parser = argparse.ArgumentParser(description="Damaged radiograph files among good ones, read as the study does")
    parser.add_argument("--files", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        results = list(read_examples(examples(count=arguments.files, seed=arguments.seed), Path(folder)))
    return report(results)


if __name__ == "__main__":
    sys.exit(main())
