"""Libraries that read untrusted files kept from printing what they find in them."""

import logging
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryFile
from typing import BinaryIO, cast

import gdcm
from pydicom import config

# These loggers quote header values (names, dates, identifiers) and propagate to the job's log.
_TALKATIVE = ("pydicom", "PIL", "openjpeg", "pylibjpeg", "libjpeg", "rle", "jpeg_ls")
_STANDARD_ERROR = 2
_HEARD = 1 << 16


@contextmanager
def header_values_unspoken() -> Iterator[None]:
    """Suppress warnings and log lines of the readers of images, which may quote header values; restore all after."""
    loggers = [logging.getLogger(name) for name in _TALKATIVE]
    levels = [logger.level for logger in loggers]
    validation = config.settings.reading_validation_mode
    gdcm.Trace.WarningOff()
    gdcm.Trace.ErrorOff()
    try:
        for logger in loggers:
            logger.setLevel(logging.CRITICAL + 1)
        config.settings.reading_validation_mode = config.IGNORE
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        config.settings.reading_validation_mode = validation
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


def _unnamed_file() -> BinaryIO:
    """A file in memory where the system has such files: a full disk must not refuse an image."""
    if hasattr(os, "memfd_create"):
        return os.fdopen(os.memfd_create("messages"), "w+b")
    return cast(BinaryIO, TemporaryFile())


@contextmanager
def messages_of_libraries() -> Iterator[list[str]]:
    """Take what C libraries write to standard error; the list holds it as one text after the block.

    Some decoders tell damage by no other way, and their messages do not belong in a job's log. Standard error is that
    of the whole process, so that no other thread may write to it meanwhile.
    """
    messages: list[str] = []
    saved = os.dup(_STANDARD_ERROR)
    with _unnamed_file() as heard:
        os.dup2(heard.fileno(), _STANDARD_ERROR)
        try:
            yield messages
        finally:
            os.dup2(saved, _STANDARD_ERROR)
            os.close(saved)
            heard.seek(0)
            messages.append(heard.read(_HEARD).decode("ascii", "replace"))
