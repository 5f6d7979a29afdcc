"""Categories of coronary artery calcium from chest radiographs: the library behind the study's rules.

A sub-package per stage of the study, named after it. The library knows nothing of Snakemake: functions take arrays,
frames, paths and plain values, and return the same.
"""

__version__ = "0.1.0"
