"""What a person sees while the study runs: one line a finished job, with the count, the time and what was done."""

import logging
import sys
import time
from typing import Any

from snakemake_interface_logger_plugins.common import LogEvent

CHATTER = {
    LogEvent.JOB_FINISHED,
    LogEvent.JOB_INFO,
    LogEvent.JOB_STARTED,
    LogEvent.PROGRESS,
    LogEvent.RESOURCES_INFO,
    LogEvent.RUN_INFO,
    LogEvent.SHELLCMD,
}
CHATTER_WITHOUT_EVENT = ("Select jobs to execute", "Execute ")


class ProgressHandler(logging.Handler):
    """Handler of Snakemake's log events: 'k of n, elapsed' for a finished job, rule and log for a failed one."""

    def __init__(self) -> None:
        super().__init__()
        self._start = time.monotonic()
        self._messages: dict[int, str] = {}
        self._finished: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Print the line that an event deserves; most deserve none."""
        fields: dict[str, Any] = record.__dict__
        event = fields.get("event")
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
            self._print(f"FAILED  {fields['rule_name']}: see {', '.join(map(str, fields.get('log') or ['its log']))}")

    @staticmethod
    def _print(line: str) -> None:
        sys.stderr.write(line + "\n")
        sys.stderr.flush()


def matters(record: logging.LogRecord) -> bool:
    """Whether a record of Snakemake's own should reach the screen beside the progress lines."""
    event = record.__dict__.get("event")
    return event not in CHATTER and not (event is None and str(record.msg).startswith(CHATTER_WITHOUT_EVENT))


def show_progress() -> None:
    """Attach the handler to Snakemake's logger, once, and keep Snakemake's own chatter off the screen."""
    logger = logging.getLogger("snakemake.logging")
    if any(type(handler).__name__ == ProgressHandler.__name__ for handler in logger.handlers):
        return
    for handler in logger.handlers:
        if handler.name == "DefaultStreamHandler":
            handler.addFilter(matters)
    logger.addHandler(ProgressHandler())
