# What the submit and status commands of profiles/pbs, profiles/lsf and profiles/sge share; POSIX shell, to be sourced.
#
# Every job leaves its own exit code in a file. The scheduler alone is no witness: PBS forgets a job as soon as it ends
# unless its administrator wants a history, and the accounting of SGE lags and can often be read on no login node.
# All paths are those of the study's folder, where Snakemake runs these commands.

records=.snakemake/cluster
logs=logs/cluster

# How many looks, one every seconds-between-status-checks of the profile, before a job is given up.
looks_when_gone=3    # it left the queue without an exit code; on a shared file system the code may appear late
looks_when_silent=60 # the scheduler does not answer; with a look every 20 s, 20 minutes

stop() {
    echo "$0: $*" >&2
    exit 2
}

read_request() {
    name='' cpus='' memory='' minutes='' gpus='' queue='' gpu_queue='' account='' environment='' more=''
    memory_resource='' gpu_resource='' parallel_environment=''
    while [ $# -gt 1 ]; do
        case $1 in
        --name) name=$2 ;;
        --cpus) cpus=$2 ;;
        --memory) memory=$2 ;;
        --minutes) minutes=$2 ;;
        --gpus) gpus=$2 ;;
        --queue) queue=$2 ;;
        --gpu-queue) gpu_queue=$2 ;;
        --account) account=$2 ;;
        --environment) environment=$2 ;;
        --memory-resource) memory_resource=$2 ;;
        --gpu-resource) gpu_resource=$2 ;;
        --parallel-environment) parallel_environment=$2 ;;
        --more) more=$2 ;;
        *) stop "found the option '$1', which is not known here; see the submit command in the profile" ;;
        esac
        shift 2
    done
    jobscript=${1-}
    [ -n "$name" ] || stop "found no --name, expected the name of the rule; see the submit command in the profile"
    for number in "cpus=$cpus" "memory=$memory" "minutes=$minutes" "gpus=$gpus"; do
        case ${number#*=} in
        '' | *[!0-9]*)
            stop "found --${number%%=*} '${number#*=}' for $name, expected a whole number; correct the resources of" \
                "the rule or the profile"
            ;;
        esac
    done
    [ "$cpus" -gt 0 ] && [ "$memory" -gt 0 ] && [ "$minutes" -gt 0 ] ||
        stop "found $cpus cores, $memory MB and $minutes minutes for $name, expected more than 0 of each"
    [ -f "$jobscript" ] || stop "found no file '$jobscript', expected the job's script as the last argument"
    if [ "$gpus" -gt 0 ] && [ -n "$gpu_queue" ]; then
        queue=$gpu_queue
    fi
}

quoted() {
    printf "'%s'" "$(printf %s "$1" | sed "s/'/'\\\\''/g")"
}

# Not a trap: a shell that dies of a signal would run it with the code of whatever command went before.
wrap_job() {
    mkdir -p "$records" "$logs/$name"
    record=$(mktemp "$PWD/$records/XXXXXXXX")
    wrapper=$jobscript.recorded
    cat >"$wrapper" <<END
#!/bin/sh
sh $(quoted "$jobscript")
code=\$?
echo "\$code" >$(quoted "$record.part") && mv $(quoted "$record.part") $(quoted "$record")
exit "\$code"
END
    chmod +x "$wrapper"
}

# Names of variables that are set here, for the schedulers that give a job nothing of its submitter's environment.
variables_set() {
    set_here=''
    for variable in $(printf %s "$environment" | tr , ' '); do
        if printenv "$variable" >/dev/null; then
            set_here=$set_here${set_here:+,}$variable
        fi
    done
}

remember_job() {
    case $1 in
    '' | *[!0-9A-Za-z._-]*) stop "found '$1' where the number of the job submitted for $name was expected" ;;
    esac
    echo "$record" >"$records/job-$1"
    echo "$1"
}

answer() {
    rm -f "$records/looks-$job"
    echo "$1"
    exit 0
}

answer_failed() {
    echo "Job $job failed: $1. Its log: $logs/*/$job*" >&2
    answer failed
}

answer_from_record() {
    job=$1
    [ -n "$job" ] || stop "found no job number, expected one as the argument"
    if [ -r "$records/job-$job" ] && [ -s "$(cat "$records/job-$job")" ]; then
        code=$(cat "$(cat "$records/job-$job")")
        if [ "$code" = 0 ]; then
            answer success
        fi
        answer_failed "it ended with exit code $code"
    fi
}

# answer_after LOOKS WHY: running for so many looks in a row, then failed.
answer_after() {
    mkdir -p "$records"
    looks=$(($(cat "$records/looks-$job" 2>/dev/null || echo 0) + 1))
    if [ "$looks" -ge "$1" ]; then
        answer_failed "$2 (looked $looks times)"
    fi
    echo "$looks" >"$records/looks-$job"
    echo running
    exit 0
}

answer_gone() {
    answer_after $looks_when_gone \
        "it left the queue without an exit code: killed, out of time or memory, or its node was lost"
}

answer_silent() {
    answer_after $looks_when_silent "$1"
}
