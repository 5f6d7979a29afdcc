"""Arrays of jobs that the SLURM executor would never submit, and would wait for without end."""

from collections.abc import Mapping


def never_submitted(jobs: Mapping[str, int], *, arrays: str, at_a_time: int) -> str | None:
    """What is wrong with the limits of a run, if anything.

    The executor (plugin 2.8.0) makes an array of a rule's jobs once all that are ready have come together; those of
    which only a part has come are forgotten. So no limit of Snakemake's may hold some of them back.

    Args:
        jobs: how many jobs each rule has.
        arrays: rules whose jobs go as arrays, with commas between; "all" for every rule.
        at_a_time: how many jobs Snakemake may hand on at once.
    """
    chosen = {name.strip() for name in arrays.replace(";", ",").split(",")}
    long = {
        rule: count for rule, count in jobs.items() if count > max(at_a_time, 1) and (rule in chosen or "all" in chosen)
    }
    if not long:
        return None
    rule, count = max(long.items(), key=lambda item: item[1])
    return (
        f"slurm-array-jobs: the rule {rule} has {count} jobs, but only {at_a_time} may be handed on at a time (jobs, "
        "max-jobs-per-timespan); arrays need all of them together, or they are waited for without end. Expected jobs "
        f"and max-jobs-per-timespan of at least {count}: --jobs {count} --max-jobs-per-timespan {count}/1s; or no "
        "arrays: --slurm-array-jobs none"
    )
