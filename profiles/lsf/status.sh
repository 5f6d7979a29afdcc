#!/bin/sh
# Prints running, success or failed for a job of LSF.
set -u
. "$(dirname "$0")/../jobs.sh"
answer_from_record "${1-}"

# The text tells, not the exit code, which versions of LSF set differently for a job that is not known.
state=$(bjobs -noheader -o stat "$job" 2>&1)
case $state in
PEND | FWD_PEND | PROV | PSUSP | RUN | SSUSP | USUSP | WAIT) answer running ;;
DONE | POST_DONE | POST_ERR) answer success ;; # POST_ERR: the job was done, what the site does afterwards failed
EXIT | ZOMBI) answer_failed "bjobs says $state" ;;
*"is not found"*) answer_gone ;;
*) answer_silent "bjobs says: $state" ;; # UNKWN, too: the node does not answer
esac
