#!/bin/sh
# Prints running, success or failed for a job of a Grid Engine.
set -u
. "$(dirname "$0")/../jobs.sh"
answer_from_record "${1-}"

if ! queue=$(qstat -u "$(id -un)" 2>&1); then
    answer_silent "qstat says: $queue"
fi
state=$(printf '%s\n' "$queue" | awk -v job="$job" '$1 == job { print $5; exit }')
case $state in
*E*)
    answer_failed "its state is $state, in which it would wait for ever; see qstat -j $job, then remove it: qdel $job"
    ;;
?*) answer running ;;
esac
# Numbers are used again after some millions: the last of several jobs is meant.
ended=$(qacct -j "$job" 2>/dev/null |
    awk '$1 == "failed" { failed = $2 } $1 == "exit_status" { last = failed "/" $2 } END { print last }')
case $ended in
0/0) answer success ;;
?*/?*) answer_failed "qacct says failed/exit_status $ended" ;;
*) answer_gone ;;
esac
