"""Libraries that read untrusted files kept from printing what they find in them."""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import gdcm
from pydicom import config

# These loggers quote header values (names, dates, identifiers) and propagate to the job's log.
_TALKATIVE = ("pydicom", "PIL", "openjpeg", "pylibjpeg", "libjpeg", "rle")


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
