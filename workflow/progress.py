"""What a person sees while the study runs: one line a finished job, and on a terminal a line that follows trainings."""

import logging
import sys
import time
from pathlib import Path
from typing import Any

from cluster_failures import existing, explain
from snakemake_interface_logger_plugins.common import LogEvent
from training_bar import TrainingBar, shows_bar

TRAINING = "train_network"

CHATTER = {
    LogEvent.JOB_FINISHED,
    LogEvent.JOB_INFO,
    LogEvent.JOB_STARTED,
    LogEvent.PROGRESS,
    LogEvent.RESOURCES_INFO,
    LogEvent.RUN_INFO,
    LogEvent.SHELLCMD,
}
CHATTER_WITHOUT_EVENT = (
    "Select jobs to execute",
    "Execute ",
    "Conda environments: ignored",
    "Singularity containers: ignored",
)


class ProgressHandler(logging.Handler):
    """Handler of Snakemake's log events: 'k of n, elapsed' for a finished job, rule and log for a failed one."""

    def __init__(self) -> None:
        super().__init__()
        self._start = time.monotonic()
        self._messages: dict[int, str] = {}
        self._finished: list[str] = []
        self.bar = TrainingBar(sys.stderr) if shows_bar(sys.stderr) else None

    def emit(self, record: logging.LogRecord) -> None:
        """Print the line that an event deserves; most deserve none."""
        fields: dict[str, Any] = record.__dict__
        event = fields.get("event")
        if self.bar is not None:
            try:
                follow(self.bar, event, fields)
            except (KeyError, IndexError, TypeError, ValueError):
                # Another Snakemake may tell events otherwise: the study goes on without the bar.
                self.bar.make_way()
                self.bar = None
        if event == LogEvent.JOB_INFO:
            self._messages[fields["jobid"]] = fields["rule_msg"] or fields["rule_name"]
        elif event == LogEvent.JOB_FINISHED:
            self._finished.append(self._messages.pop(fields["job_id"], ""))
        elif event == LogEvent.PROGRESS:
            minutes, seconds = divmod(round(time.monotonic() - self._start), 60)
            what = "; ".join(filter(None, self._finished))
            self._finished.clear()
            self._print(f"{fields['done']:>4} of {fields['total']}, {minutes}:{seconds:02d} elapsed  {what}")
        elif event == LogEvent.JOB_ERROR:
            self._print(failure(fields))

    def _print(self, line: str) -> None:
        if self.bar is not None:
            self.bar.write(line)
            return
        sys.stderr.write(line + "\n")
        sys.stderr.flush()


def follow(bar: TrainingBar, event: Any, fields: dict[str, Any]) -> None:
    """Tell the bar what an event says of trainings."""
    if event == LogEvent.RUN_INFO:
        bar.expect(int((fields.get("stats") or {}).get(TRAINING, 0)))
    elif event == LogEvent.JOB_INFO and fields["rule_name"] == TRAINING:
        bar.begin(fields["jobid"], dict(fields["wildcards"]), Path(fields["log"][0]))
    elif event == LogEvent.JOB_FINISHED:
        bar.end(fields["job_id"], succeeded=True)
    elif event == LogEvent.JOB_ERROR:
        bar.end(fields["jobid"], succeeded=False)


def failure(fields: dict[str, Any]) -> str:
    """What is said of a job that failed: its logs, and on a cluster the reason and its remedy where something tells."""
    rule = fields["rule_name"]
    logs = existing([str(file) for file in fields.get("log") or []])
    line = f"FAILED  {rule}: see {', '.join(map(str, logs)) or 'its log'}"
    reason = explain(rule, fields.get("rule_msg"), logs)
    return f"{line}\n        {reason}" if reason else line


def matters(record: logging.LogRecord) -> bool:
    """Whether a record of Snakemake's own should reach the screen beside the progress lines."""
    event = record.__dict__.get("event")
    return event not in CHATTER and not (event is None and str(record.msg).startswith(CHATTER_WITHOUT_EVENT))


def show_progress() -> None:
    """Attach the handler to Snakemake's logger, once, and keep Snakemake's own chatter off the screen."""
    logger = logging.getLogger("snakemake.logging")
    if any(type(handler).__name__ == ProgressHandler.__name__ for handler in logger.handlers):
        return
    progress = ProgressHandler()

    def shown(record: logging.LogRecord) -> bool:
        shows = matters(record)
        if shows and progress.bar is not None:
            progress.bar.make_way()
        return shows

    for handler in logger.handlers:
        if handler.name == "DefaultStreamHandler":
            handler.addFilter(shown)
    logger.addHandler(progress)
