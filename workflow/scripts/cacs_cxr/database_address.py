"""Addresses of databases: the configuration is archived, so a password stands in the environment only."""

import os
import re
from collections.abc import Mapping
from urllib.parse import unquote, urlsplit

_VARIABLE = re.compile(r"\$\{?([A-Za-z_][A-Za-z0-9_]*)\}?")
_SECRETS = re.compile(r"(?i)[?&;](password|passwd|pwd|passfile|sslpassword|token|secret)=")

WITHOUT_PASSWORD = "an address without a password: the configuration is archived with the results"
HIDE_PASSWORD = "Put the whole address into an environment variable, and write `database: $NAME`."
"""What faults expect of an address that holds a password, and say to do."""


def variable_of(address: str) -> str | None:
    """Environment variable that an address such as ``$STUDY_DATABASE`` names; None for an address as such."""
    match = _VARIABLE.fullmatch(address.strip())
    return match[1] if match else None


def resolved(address: str, *, environment: Mapping[str, str] = os.environ) -> str:
    """The address itself, or what the environment variable that it names holds; empty if that is not set."""
    variable = variable_of(address)
    return address.strip() if variable is None else environment.get(variable, "").strip()


def holds_password(address: str) -> bool:
    """Whether an address written out holds a password, between user and host or among its options."""
    if _SECRETS.search(address):
        return True
    try:
        return urlsplit(address).password is not None
    except ValueError:
        return "@" in address


def sqlite_file(address: str) -> str | None:
    """File of an SQLite address (``sqlite:///relative.db``, ``sqlite:////absolute.db``); None for another database."""
    match = re.match(r"sqlite(?:\+pysqlite)?://(/?)([^?]*)", address)
    return unquote(match[2]) if match else None
