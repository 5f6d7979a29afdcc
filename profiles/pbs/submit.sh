#!/bin/sh
# Submits a job to PBS Professional or OpenPBS and prints its number. Options and resources: profile.yaml beside this.
set -eu
. "$(dirname "$0")/../jobs.sh"
read_request "$@"
wrap_job
variables_set

set -- -N "$name" -S /bin/sh -j oe -o "$PWD/$logs/$name/" -r n
set -- "$@" -l "select=1:ncpus=$cpus:mem=${memory}mb$([ "$gpus" -eq 0 ] || echo ":ngpus=$gpus")"
set -- "$@" -l "walltime=$(printf '%02d:%02d:00' $((minutes / 60)) $((minutes % 60)))"
[ -z "$queue" ] || set -- "$@" -q "$queue"
[ -z "$account" ] || set -- "$@" -P "$account"
[ -z "$set_here" ] || set -- "$@" -v "$set_here"
# shellcheck disable=SC2086  # several options in one text are meant to be taken apart
number=$(qsub "$@" $more "$wrapper")
remember_job "$number"
