"""A SLURM cluster on one machine: controller, two nodes of processors, one with two pretended GPUs.

Everything listens on loopback, lies in one folder and is ended by process id. Needs slurmctld, slurmd,
slurm-client and munge (install_slurm.sh), no service of the system, no cgroups and no database.
"""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

NODES = ("node1", "node2", "node3")
GPU_DEVICES = "/dev/zero,/dev/full"  # any two device files: no job opens them
DAEMONS = ("munged", "slurmctld", "slurmd")

SLURM_CONF = """\
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller_port}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
# A requeued job is held until its credential has expired.
AuthInfo=socket={folder}/munge/socket,cred_expire=10
CommunicationParameters=NoInAddrAny,NoCtldInAddrAny
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SlurmdSpoolDir={folder}/spool.%n
SlurmdPidFile={folder}/slurmd.%n.pid
SlurmdLogFile={folder}/slurmd.%n.log
SlurmctldPidFile={folder}/slurmctld.pid
SlurmctldLogFile={folder}/slurmctld.log
StateSaveLocation={folder}/state
# More processors and memory than there are: what is tried is the way of a job, not its speed.
SlurmdParameters=config_overrides
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
SchedulerParameters=batch_sched_delay=0,sched_interval=2,sched_min_interval=0,bf_interval=2
ReturnToService=2
SlurmdTimeout=10
KillWait=10
MessageTimeout=30
JobRequeue=1
# Finished jobs stay visible to squeue.
MinJobAge=86400
# An impossible request is refused instead of waiting for ever.
EnforcePartLimits=ALL
MaxArraySize=1001
# Memory limits without cgroups: what the processes use is looked at every two seconds.
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=2
JobAcctGatherParams=OverMemoryKill,UsePss
AccountingStorageType=accounting_storage/none
PropagateResourceLimits=NONE
GresTypes=gpu
NodeName=node[1-2] NodeHostname={host} NodeAddr=127.0.0.1 Port=[{port}-{port_2}] CPUs=4 RealMemory=32000
NodeName=node3 NodeHostname={host} NodeAddr=127.0.0.1 Port={port_3} CPUs=4 RealMemory=32000 Gres=gpu:pretended:2
PartitionName=cpu Nodes=node[1-2] Default=YES DefaultTime=10 MaxTime=2880 State=UP
PartitionName=gpu Nodes=node3 DefaultTime=10 MaxTime=2880 State=UP
"""
GRES_CONF = f"""\
AutoDetect=off
NodeName=node3 Name=gpu Type=pretended File={GPU_DEVICES}
"""
# The plugin's job step drops SLURM_CONF, which a cluster with its configuration in /etc does not need.
SRUN = """\
#!/bin/sh
SLURM_CONF={folder}/etc/slurm.conf exec {srun} "$@"
"""


class NoCluster(Exception):
    """No SLURM cluster can be started here; the message says why."""


@dataclass(frozen=True)
class SlurmCluster:
    """A running cluster.

    Attributes:
        folder: configuration, state and logs of the daemons.
        environment: variables with which SLURM's commands find it.
        processes: its daemons by name: munged, slurmctld, node1, node2, node3.
    """

    folder: Path
    environment: dict[str, str]
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def ask(self, *command: str) -> str:
        """What a command of SLURM's prints."""
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, check=False, timeout=60)
        if done.returncode:
            raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip()}")
        return done.stdout.strip()

    def start(self, name: str) -> None:
        """Start a daemon, in a session of its own, and wait until it does its work."""
        folder = self.folder
        commands = {
            "munged": [
                "munged", "--foreground", f"--key-file={folder}/munge/key", f"--socket={folder}/munge/socket",
                f"--pid-file={folder}/munge/pid", f"--log-file={folder}/munge/log", f"--seed-file={folder}/munge/seed",
            ],
            "slurmctld": ["slurmctld", "-D"],
            **{node: ["slurmd", "-D", "-N", node] for node in NODES},
        }  # fmt: skip
        with (folder / f"{name}.out").open("ab") as output:
            self.processes[name] = subprocess.Popen(
                commands[name],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=self.environment,
                start_new_session=True,
            )
        works: dict[str, Callable[[], bool]] = {
            "munged": (folder / "munge/socket").exists,
            "slurmctld": lambda: "UP" in self.ask("scontrol", "ping"),
        }
        wait_until(works.get(name, lambda: name in self.idle_nodes()), what=f"{name} to start", seconds=30)

    def stop(self, name: str, number: signal.Signals = signal.SIGTERM) -> None:
        """End a daemon, by SIGKILL where it does not go in time."""
        process = self.processes.pop(name)
        process.send_signal(number)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def idle_nodes(self) -> set[str]:
        """Names of the nodes that are free."""
        lines = self.ask("sinfo", "--noheader", "--Node", "--format=%N %t").splitlines()
        return {node for node, state in map(str.split, lines) if state == "idle"}


def wait_until(holds: Callable[[], bool], *, what: str, seconds: float) -> None:
    """Wait until something holds; errors of asking count as no.

    Raises:
        TimeoutError: it did not come to hold.
    """
    end = time.monotonic() + seconds
    while True:
        with suppress(RuntimeError, subprocess.TimeoutExpired, OSError):
            if holds():
                return
        if time.monotonic() > end:
            raise TimeoutError(f"waited {seconds:.0f} s for {what}")
        time.sleep(0.2)


@contextmanager
def slurm_cluster(folder: Path, *, first_port: int = 16800) -> Iterator[SlurmCluster]:
    """A cluster in `folder`, as long as the block lasts.

    Args:
        folder: short, since it holds sockets, whose paths are limited to 107 characters.
        first_port: where to look for four free ports in a row; clusters that start at the same time look apart.

    Raises:
        NoCluster: SLURM is not installed, or the host's name does not stand for this machine.
    """
    environment = {**os.environ, "PATH": f"{folder}/bin:{os.environ['PATH']}:/usr/sbin:/sbin"}
    if missing := [name for name in (*DAEMONS, "sbatch", "srun") if not shutil.which(name, path=environment["PATH"])]:
        raise NoCluster(f"{', '.join(missing)}: not found. tests/cluster/install_slurm.sh installs them from Debian.")
    host = socket.gethostname().split(".")[0]
    try:
        address = socket.gethostbyname(host)
    except OSError:
        address = "no address"
    if address != "127.0.0.1":
        raise NoCluster(f"The host {host} has {address}, expected 127.0.0.1. Add '127.0.0.1 {host}' to /etc/hosts.")
    cluster = SlurmCluster(folder, {**environment, "SLURM_CONF": f"{folder}/etc/slurm.conf"})
    srun = str(shutil.which("srun", path=environment["PATH"]))
    lay_out(folder, host=host, srun=srun, ports=free_ports(4, first=first_port))
    try:
        for name in ("munged", "slurmctld", *NODES):
            cluster.start(name)
    except TimeoutError as error:
        for name in reversed(list(cluster.processes)):
            cluster.stop(name)
        logs = "".join(file.read_text(errors="replace")[-2000:] for file in folder.glob("*.out"))
        raise NoCluster(f"SLURM is installed but does not start: {error}\n{logs}") from None
    try:
        yield cluster
    finally:
        with suppress(RuntimeError, subprocess.TimeoutExpired):
            cluster.ask("scancel", "--me")
            wait_until(lambda: set(NODES) <= cluster.idle_nodes(), what="the jobs to end", seconds=30)
        for name in reversed(list(cluster.processes)):
            cluster.stop(name)


def lay_out(folder: Path, *, host: str, srun: str, ports: list[int]) -> None:
    """Write the configuration of a cluster."""
    user = subprocess.run(["id", "-un"], capture_output=True, text=True, check=True).stdout.strip()
    for name in ("etc", "state", "munge", "bin", *(f"spool.{node}" for node in NODES)):
        (folder / name).mkdir(parents=True)
    folder.chmod(0o755)
    key = folder / "munge/key"
    key.write_bytes(os.urandom(1024))
    key.chmod(0o600)
    controller, first, second, third = ports
    text = SLURM_CONF.format(
        host=host, user=user, folder=folder, controller_port=controller, port=first, port_2=second, port_3=third
    )
    (folder / "etc/slurm.conf").write_text(text, encoding="utf-8")
    (folder / "etc/gres.conf").write_text(GRES_CONF, encoding="utf-8")
    (folder / "etc/cgroup.conf").write_text("ConstrainCores=no\nConstrainRAMSpace=no\n", encoding="utf-8")
    wrapper = folder / "bin/srun"
    wrapper.write_text(SRUN.format(folder=folder, srun=srun), encoding="utf-8")
    wrapper.chmod(0o755)


def free_ports(count: int, *, first: int) -> list[int]:
    """Ports in a row on which nothing listens."""
    for start in range(first, first + 200, count):
        sockets = [socket.socket() for _ in range(count)]
        try:
            for number, one in enumerate(sockets):
                one.bind(("127.0.0.1", start + number))
            return list(range(start, start + count))
        except OSError:
            continue
        finally:
            for one in sockets:
                one.close()
    raise NoCluster(f"No {count} free ports in a row on 127.0.0.1.")
