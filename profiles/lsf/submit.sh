#!/bin/sh
# Submits a job to LSF and prints its number. Options and resources: profile.yaml beside this.
set -eu
. "$(dirname "$0")/../jobs.sh"
read_request "$@"
wrap_job

set -- -J "$name" -n "$cpus" -R "span[hosts=1] rusage[mem=${memory}MB]" -W "$minutes" -o "$PWD/$logs/$name/%J.log" -rn
[ "$gpus" -eq 0 ] || set -- "$@" -gpu "num=$gpus"
[ -z "$queue" ] || set -- "$@" -q "$queue"
[ -z "$account" ] || set -- "$@" -P "$account"
# shellcheck disable=SC2086  # several options in one text are meant to be taken apart
said=$(bsub "$@" $more "sh $(quoted "$wrapper")")
remember_job "$(printf '%s\n' "$said" | sed -n 's/^Job <\([0-9][0-9]*\)> is submitted.*/\1/p')"
