"""A worker in a process of its own: `python stubborn_worker.py KIND AFTER_REFUSAL`.

Its results are those that the payload of a job names. What it does when one is refused is
`fail`, as the client does, or `release`. It ends when no job waits, or after twenty refusals.
"""

import sys

from groundwork_client import Client, Internal, Job, Refused

KIND, AFTER_REFUSAL = sys.argv[1:]
REFUSALS_MAX = 20


def work_on(job: Job) -> None:
    """Hand in what the payload holds. Raises Refused."""
    key = job.payload["key"]
    entity = {"ref": "a", "type": job.payload["type"], "key": key, "name": key}
    job.succeed({"entities": [entity]})


def main() -> None:
    refusals = 0
    with Client(worker="stubborn/1") as client:
        for job in client.jobs(KIND, when_idle="stop"):
            with job:
                try:
                    work_on(job)
                except Refused as error:
                    refusals += 1
                    if AFTER_REFUSAL == "release":
                        job.release()
                    else:
                        raise Internal(str(error), retry_after=0) from error
            if refusals >= REFUSALS_MAX:
                return


main()
