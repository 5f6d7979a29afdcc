#!/bin/sh
# Prints running, success or failed for a job of PBS Professional or OpenPBS.
set -u
. "$(dirname "$0")/../jobs.sh"
answer_from_record "${1-}"

# -x asks the history, too; where none is kept, it is refused, and only the queue can be asked.
if ! report=$(qstat -x -f "$job" 2>&1) && ! report=$(qstat -f "$job" 2>&1); then
    case $report in
    *"Unknown Job"* | *"has finished"*) answer_gone ;;
    *) answer_silent "qstat says: $report" ;;
    esac
fi
state=$(printf '%s\n' "$report" | sed -n 's/^ *job_state = *//p')
code=$(printf '%s\n' "$report" | sed -n 's/^ *Exit_status = *//p')
case $state in
B | E | H | Q | R | S | T | U | W) answer running ;;
F)
    if [ "$code" = 0 ]; then
        answer success
    fi
    answer_failed "qstat says Exit_status = '$code'"
    ;;
*) answer_silent "qstat says job_state = '$state'" ;;
esac
