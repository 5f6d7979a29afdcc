"""Print our statistics beside R's: python benchmarks/compare_with_r.py [--reference FOLDER] [--all]."""

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "workflow" / "scripts"), str(ROOT / "tests")]

from r_comparisons import references  # noqa: E402


def main() -> None:
    """Print the greatest difference of every data set and statistic, or with --all every number, as a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reference", type=Path, default=ROOT / "tests" / "reference", help="folder of R's answers")
    parser.add_argument("--all", action="store_true", help="every number, not the worst of each kind")
    options = parser.parse_args()
    print("| data | statistic | ours | R | relative difference | tolerance |\n|---|---|---|---|---|---|")
    disagreements = 0
    for data, comparisons in references(options.reference).items():
        rows = list(comparisons)
        shown = rows if options.all else [max(rows, key=lambda row: row.difference / row.tolerance)]
        for row in shown:
            numbers = f"{row.ours:.12g} | {row.r:.12g} | {row.difference:.1e} | {row.tolerance:.0e}"
            print(f"| {data} | {row.statistic} | {numbers} |")
        wrong = sum(not row.agrees for row in rows)
        disagreements += wrong
        print(f"| {data} | all {len(rows)} numbers | {wrong} beyond the tolerance | | | |")
    sys.exit(disagreements > 0)


if __name__ == "__main__":
    main()
