#!/bin/sh
# SLURM and munge from the distribution (Debian, Ubuntu), without starting any daemon. Changes nothing where they are there.
set -eu
for command in slurmctld slurmd sbatch munged; do
    command -v "$command" >/dev/null || PATH=$PATH:/usr/sbin command -v "$command" >/dev/null || missing=yes
done
[ -n "${missing:-}" ] || exit 0
if ! command -v apt-get >/dev/null; then
    echo "SLURM is not installed and apt-get, which would install it, was not found: install slurmctld, slurmd, slurm-client and munge." >&2
    exit 1
fi
if [ "$(id -u)" != 0 ]; then
    echo "SLURM is not installed and only root may install it: apt-get install slurmctld slurmd slurm-client munge" >&2
    exit 1
fi
# Debian's way to keep a package from starting its daemon; removed again where it was not there before.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    trap 'rm -f "$policy"' EXIT
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod +x "$policy"
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends slurmctld slurmd slurm-client munge >/dev/null
