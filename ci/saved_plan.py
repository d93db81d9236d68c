"""Gets the plan that was reviewed: the one that the workflow run of the merged commit saved.

    python3 ci/saved_plan.py --workflow FILE [--artifact NAME] [--to DIR] [--digest sha256:…]

This job's commit leads to the pull request that it merged, that to its last commit, and that to the
last successful run of the workflow FILE for it: of this repository's own branch, never of a fork's.
The plan and its digest are files of the run's artifact. No comment is read, since whoever may edit
comments could change what is applied.

GITHUB_TOKEN needs `actions: read` and `pull-requests: read`.
"""

import argparse
import io
import os
import re
import zipfile

import host

# A plan of 100,000 syncs takes less.
LARGEST_FILE = 256 * 1024 * 1024
EVENTS = ("pull_request",)


def main():
    parser = argparse.ArgumentParser(description="Get the plan that was reviewed.")
    parser.add_argument("--workflow", required=True, help="the workflow's file, such as plan.yml")
    parser.add_argument("--artifact", default="secsync-plan")
    parser.add_argument("--to", default="secsync-plan")
    parser.add_argument("--digest", default="", help="the digest that it must have")
    arguments = parser.parse_args()
    if not re.fullmatch(r"[A-Za-z0-9._-]+\.ya?ml", arguments.workflow):
        raise host.Stop(f"`{arguments.workflow}` is not the name of a workflow's file, such as plan.yml.")
    code = host.of_environment()
    if not isinstance(code, host.GitHub):
        raise host.Stop(
            "Only GitHub keeps a plan this way. Elsewhere hand it on as an artifact of the pipeline."
        )
    run = last_run(code, reviewed_commit(code), arguments.workflow)
    files = artifact_of(code, run, arguments.artifact)
    digest = files["digest"].decode("ascii", "replace").strip()
    if not re.fullmatch("sha256:[0-9a-f]{64}", digest):
        raise host.Stop("The digest in the artifact is not one. Plan again.")
    if arguments.digest and arguments.digest != digest:
        raise host.Stop(
            f"The plan that was saved has the digest {digest}, not {arguments.digest}. "
            "Review that plan, or plan again."
        )
    os.makedirs(arguments.to, exist_ok=True)
    path = os.path.join(os.path.abspath(arguments.to), "plan.json")
    with open(path, "wb") as file:
        file.write(files["plan.json"])
    host.say(f"The plan of run {run['id']} has the digest {digest}.")
    host.set_outputs({"plan": path, "digest": digest})
    return 0


def reviewed_commit(code):
    """The last commit of the pull request that this job's commit merged."""
    pull_request = code.pull_request()
    if not pull_request:
        raise host.Stop(
            f"The commit {code.sha} merged no pull request, so nobody reviewed a plan for it. "
            "Bring the change as a pull request, or apply the files without `plan-workflow`."
        )
    head = pull_request["head"]
    repository = (head.get("repo") or {}).get("full_name")
    if repository != code.repository:
        raise host.Stop(
            "The pull request came from a fork, which has no credentials to plan with. "
            "Apply the files without `plan-workflow`."
        )
    return head["sha"]


def last_run(code, commit, workflow):
    """The newest successful run of the workflow for a commit."""
    found = code.api.all(
        f"{code.root}/actions/workflows/{workflow}/runs",
        head_sha=commit,
        status="success",
    )
    runs = [run for run in found if is_trusted(run, code, commit, workflow)]
    if not runs:
        raise host.Stop(
            f"No run of {workflow} for the commit {commit} has succeeded. "
            "Run it again for the pull request's last commit."
        )
    return max(runs, key=lambda run: run["id"])


def is_trusted(run, code, commit, workflow):
    """Whether a run is what was asked for; the answer alone does not count."""
    path = (run.get("path") or "").split("@")[0]
    return (
        run.get("head_sha") == commit
        and run.get("conclusion") == "success"
        and run.get("event") in EVENTS
        and path == f".github/workflows/{workflow}"
        and (run.get("head_repository") or {}).get("full_name") == code.repository
    )


def artifact_of(code, run, name):
    """The files of a run's artifact, by their names."""
    found = code.api.all(f"{code.root}/actions/runs/{int(run['id'])}/artifacts", name=name)
    kept = [one for one in found if one.get("name") == name and not one.get("expired")]
    if not kept:
        raise host.Stop(f"Run {run['id']} has no artifact `{name}` any more. Run it again.")
    newest = max(kept, key=lambda one: one["id"])
    data, _ = code.api.send("GET", f"{code.root}/actions/artifacts/{int(newest['id'])}/zip")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return {file: read(archive, file) for file in ("plan.json", "digest")}
    except host.Stop:
        raise
    # What is wrong with an archive is an error of many kinds: of the format, of each compression.
    except Exception as error:  # noqa: BLE001
        raise host.Stop(f"The artifact `{name}` holds no plan: {host.reason(error)}. Plan again.") from None


def read(archive, name):
    with archive.open(name) as file:
        data = file.read(LARGEST_FILE + 1)
    if len(data) > LARGEST_FILE:
        raise host.Stop(f"The file {name} in the artifact is too large.")
    return data


if __name__ == "__main__":
    host.run(main)
