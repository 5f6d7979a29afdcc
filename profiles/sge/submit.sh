#!/bin/sh
# Submits a job to a Grid Engine and prints its number. Options and resources: profile.yaml beside this.
set -eu
. "$(dirname "$0")/../jobs.sh"
read_request "$@"
[ -n "$memory_resource" ] && [ -n "$gpu_resource" ] && [ -n "$parallel_environment" ] ||
    stop "expected --memory-resource, --gpu-resource and --parallel-environment; see the submit command in the profile"
wrap_job
variables_set

set -- -terse -cwd -N "$name" -S /bin/sh -j y -o "$PWD/$logs/$name/\$JOB_ID.log" -r n
[ "$cpus" -eq 1 ] || set -- "$@" -pe "$parallel_environment" "$cpus"
# Memory is counted by slot, a consumable that the site declared for jobs (as GPUs commonly are) is not.
set -- "$@" -l "$memory_resource=$(((memory + cpus - 1) / cpus))M,h_rt=$((minutes * 60))"
[ "$gpus" -eq 0 ] || set -- "$@" -l "$gpu_resource=$gpus"
[ -z "$queue" ] || set -- "$@" -q "$queue"
[ -z "$account" ] || set -- "$@" -P "$account"
[ -z "$set_here" ] || set -- "$@" -v "$set_here"
# shellcheck disable=SC2086  # several options in one text are meant to be taken apart
number=$(qsub "$@" $more "$wrapper")
remember_job "$number"
