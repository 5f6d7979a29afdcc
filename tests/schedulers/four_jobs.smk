# What can become of a job: it works, it fails once, it is killed, it fails always. Tests run it through the profiles.

rule all:
    input:
        expand("{kind}.txt", kind=["steady", "flaky", "killed", "hopeless"]),
    localrule: True


rule steady:
    output:
        "steady.txt",
    threads: 2
    resources:
        mem_mb=lambda wildcards, attempt: 1000 * attempt,
        runtime=90,
        gpu=1,
    shell:
        "pwd > {output}; echo ${{CACS_CXR_TEST:-}} >> {output}"


rule flaky:
    output:
        "flaky.txt",
    shell:
        "if [ -e tried ]; then touch {output}; else touch tried; echo first try fails >&2; exit 1; fi"


rule killed:
    output:
        "killed.txt",
    shell:
        "if [ -e began ]; then touch {output}; else touch began; sleep 100; fi"


rule hopeless:
    output:
        "hopeless.txt",
    retries: 0
    shell:
        "echo no hope >&2; exit 3"
