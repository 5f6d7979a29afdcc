# What can become of a job: it is killed, it fails once, it fails always. Tests run it through the profiles.

import os
from pathlib import Path

# As the study's own Snakefile does.
os.environ.update(CACS_CXR_PROFILES=str(Path(workflow.basedir).parents[1] / "profiles"))


rule killed:
    output:
        "killed.txt",
    threads: 2
    resources:
        mem_mb=lambda wildcards, attempt: 1000 * attempt,
        runtime=90,
        gpu=1,
    shell:
        """
        if [ -e began ]; then
            pwd >{output}
            echo "${{CACS_CXR_TEST:-}}" >>{output}
        else
            touch began
            sleep 600
        fi
        """


rule flaky:
    output:
        "flaky.txt",
    shell:
        "if [ -e tried ]; then touch {output}; else touch tried; echo first try fails >&2; exit 1; fi"


rule hopeless:
    output:
        "hopeless.txt",
    retries: 0
    shell:
        "echo no hope >&2; exit 3"
