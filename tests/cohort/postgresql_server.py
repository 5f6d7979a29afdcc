"""A PostgreSQL server of a test's own: on the loopback, its data in a temporary folder, stopped when the test ends."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

SECONDS = 20.0
PASSWORD = "not-to-be-shown"


def _program(name: str) -> str:
    """Path of one of the server's programs; the test is skipped where there is none."""
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    program = shutil.which(name) or (str(found[-1]) if found else None)
    if program is None:
        pytest.skip(f"{name} is not installed: nothing is read from a real PostgreSQL server")
    return program


def _not_root() -> dict[str, Any]:
    """Options of a process that give up root, which the server refuses to run as."""
    if os.getuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def _unused_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def postgresql_server(folder: Path) -> Iterator[str]:
    """Start a server, and yield the address of its database ``postgres`` for a user with a password.

    Args:
        folder: empty folder for the data; its parents must be passable for everybody.
    """
    initdb, postgres = _program("initdb"), _program("postgres")
    data, secret = folder / "data", folder / "password"
    secret.write_text(PASSWORD)
    options: dict[str, Any] = {"env": {"PATH": os.environ["PATH"], "LC_ALL": "C"}, **_not_root()}
    if "user" in options:
        for path in (folder, secret):
            os.chown(path, options["user"], options["group"])
    made = subprocess.run(
        [initdb, "-D", data, "-U", "study", "-A", "scram-sha-256", f"--pwfile={secret}", "-E", "UTF8", "-N"],
        capture_output=True,
        text=True,
        check=False,
        **options,
    )
    assert made.returncode == 0, made.stderr
    port = _unused_port()
    settings = ["-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-c", "fsync=off"]
    with (folder / "log").open("w") as log:
        command = [postgres, "-D", data, "-p", str(port), *settings]
        server = subprocess.Popen(command, stdout=log, stderr=log, **options)
        try:
            _wait_for(port, server=server, log=folder / "log")
            yield f"postgresql://study:{PASSWORD}@127.0.0.1:{port}/postgres"
        finally:
            server.send_signal(signal.SIGINT)  # the server's own word for: now, and in order
            server.wait(timeout=SECONDS)


def _wait_for(port: int, *, server: "subprocess.Popen[bytes]", log: Path) -> None:
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        assert server.poll() is None, log.read_text()
        if "ready to accept connections" in log.read_text():
            with socket.create_connection(("127.0.0.1", port), timeout=SECONDS):
                return
        time.sleep(0.05)
    raise AssertionError(log.read_text())
