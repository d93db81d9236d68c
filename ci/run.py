"""Runs secsync for a pipeline: every format at once, and what the steps that follow need.

    python3 ci/run.py plan|apply|drift|validate [--results DIR] [--directory DIR] [--base REV]
        [--plan FILE --digest sha256:…] [--paths PATHS] [--arguments ARGUMENTS] [--branch NAME]

PATHS and ARGUMENTS are lists with one entry a line. DIR then holds

    result.json   the result, and outputs.json: what of it is also an output of the step
    comment.md    for ci/comment.py
    findings.sarif, report.xml
    plan.json     what `plan` saved, and its `digest`
    plan.md       the saved plan that was to be applied, as it was shown
    changes       `true` or `false`

The exit code is that of secsync, but for 2: changes and drift are no failure. It is an output.
"""

import argparse
import contextlib
import json
import os
import re
import signal
import subprocess

import host

FORMATS = {
    "json": "result.json",
    "markdown": "comment.md",
    "sarif": "findings.sarif",
    "junit": "report.xml",
    "github": "annotations",
}
DONE = ("add", "change", "destroy", "start", "trigger")
COUNTS = ("add", "change", "destroy", "start", "trigger", "blocked", "unmanaged", "drifted", "undeclared")


def main():
    parser = argparse.ArgumentParser(description="Run secsync for a pipeline.")
    parser.add_argument("command", choices=("plan", "apply", "drift", "validate"))
    parser.add_argument("--results", default="secsync-results")
    parser.add_argument("--directory", default="", help="where secsync runs")
    parser.add_argument("--base", default="", help="plan: compare declarations only")
    parser.add_argument("--plan", default="", help="apply: the saved plan")
    parser.add_argument("--digest", default="", help="apply: the digest of that plan")
    parser.add_argument("--paths", default="")
    parser.add_argument("--arguments", default="")
    parser.add_argument("--branch", default="", help="apply: from this branch; by default the main one")
    arguments = parser.parse_args()
    if arguments.command == "apply":
        check_branch(arguments.branch)
    if arguments.digest and not re.fullmatch("sha256:[0-9a-f]{64}", arguments.digest):
        raise host.Stop(f"`{arguments.digest}` is not the digest of a plan, such as sha256:… with 64 digits.")
    results = os.path.abspath(arguments.results)
    os.makedirs(results, exist_ok=True)
    # What an earlier run left would be taken for this one's.
    made = ("plan.json", "digest") if arguments.command == "plan" else ()
    for name in [*FORMATS.values(), "plan.md", *made]:
        with contextlib.suppress(FileNotFoundError):
            os.remove(os.path.join(results, name))
    exit_code = call(command_line(arguments, results))
    if arguments.command == "apply" and arguments.plan:
        show_plan(arguments, results)
    if os.environ.get("GITHUB_ACTIONS") == "true":
        show_annotations(os.path.join(results, FORMATS["github"]))
    outputs = read_outputs(arguments, results, exit_code)
    append_summary(os.path.join(results, "comment.md"))
    changes = str(outputs["changes"]).lower()
    write(results, "changes", changes)
    write(results, "outputs.json", json.dumps(outputs, indent=2))
    host.set_outputs({**outputs, "changes": changes, "results": results})
    return 0 if exit_code == 2 else exit_code


def command_line(arguments, results):
    """Nothing of it passes through a shell, and no path is taken for a flag."""
    words = ["secsync", arguments.command]
    if arguments.directory:
        words += ["-C", arguments.directory]
    words += ["-o", "human"]
    for name, file in FORMATS.items():
        words += ["-o", f"{name}={os.path.join(results, file)}"]
    if arguments.command == "plan":
        words.append("--detailed-exitcode")
        if arguments.base:
            words.append(f"--base={arguments.base}")
        else:
            words += ["--out", os.path.join(results, "plan.json")]
    words += listed(arguments.arguments)
    if arguments.command != "apply":
        return words + ["--", *listed(arguments.paths)]
    if not arguments.digest and not arguments.plan:
        return words + ["--auto-approve", "--", *listed(arguments.paths)]
    if not (arguments.digest and arguments.plan):
        raise host.Stop("A saved plan is applied with its digest. Give both --plan and --digest.")
    if listed(arguments.paths):
        raise host.Stop("A saved plan is applied without the files. Leave out the paths.")
    return words + [f"--expect-digest={arguments.digest}", "--", os.path.abspath(arguments.plan)]


def call(words):
    """Runs it to its end. A signal is handed on, once: secsync then finishes what it has begun."""
    try:
        child = subprocess.Popen(words, start_new_session=True)
    except FileNotFoundError:
        raise host.Stop(
            "The program `secsync` is not on the PATH. Install it first: ci/install.py."
        ) from None
    # Windows sends Ctrl-C to both by itself.
    for number in (signal.SIGINT, signal.SIGTERM) if os.name == "posix" else ():
        signal.signal(number, lambda number, _: child.send_signal(number))
    code = child.wait()
    return code if code >= 0 else 128 - code


def show_plan(arguments, results):
    """Keeps what the saved plan shows. It is read from the plan, never from a comment."""
    words = ["secsync", "show", "-o", f"markdown={os.path.join(results, 'plan.md')}"]
    if arguments.directory:
        words += ["-C", arguments.directory]
    with contextlib.suppress(OSError):
        subprocess.run(
            [*words, "--", os.path.abspath(arguments.plan)],
            check=False,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )


def listed(text):
    return [line.strip() for line in text.splitlines() if line.strip()]


def check_branch(branch):
    """Refuses to apply what is not on the branch that everybody agreed on."""
    environment = os.environ
    if environment.get("GITHUB_ACTIONS") == "true":
        event = environment.get("GITHUB_EVENT_NAME", "")
        here = environment.get("GITHUB_REF", "")
        wanted = branch or (host.event().get("repository") or {}).get("default_branch", "")
        is_right = here == f"refs/heads/{wanted}" and not event.startswith("pull_request")
    elif environment.get("GITLAB_CI") == "true":
        here = environment.get("CI_COMMIT_BRANCH", "")
        wanted = branch or environment.get("CI_DEFAULT_BRANCH", "")
        is_right = here == wanted and not environment.get("CI_MERGE_REQUEST_IID")
    else:
        return
    if not wanted or not is_right:
        raise host.Stop(
            f"Only the branch `{wanted}` is applied, and this job runs for `{here}`. "
            "Apply after the merge, or name another branch with `--branch`."
        )


def show_annotations(path):
    """Prints the workflow commands that secsync wrote, which it has escaped."""
    if os.path.exists(path):
        with open(path, encoding="utf-8") as file:
            print(file.read(), end="", flush=True)


def read_outputs(arguments, results, exit_code):
    """What the run said, for the steps that follow."""
    result = {}
    try:
        with open(os.path.join(results, "result.json"), encoding="utf-8") as file:
            result = json.load(file)
    except (OSError, ValueError):
        # A signal that ends it at once leaves no file, and neither does a disk that is full.
        what = "It was stopped." if exit_code > 128 else "It did not run."
        write(
            results,
            "comment.md",
            f"## secsync {arguments.command}\n\n**{what}** The log of the job says why.",
        )
    summary = result.get("summary") or {}
    # Of the plan that was saved or applied. A run that stops before that names none.
    digest = (result.get("planFile") or {}).get("digest") or ""
    outputs = {
        "command": arguments.command,
        "exit-code": exit_code,
        "changes": exit_code == 2
        or (arguments.command == "apply" and any(summary.get(name) for name in DONE)),
        "digest": digest,
        **{name: int(summary[name]) for name in COUNTS if name in summary},
    }
    if digest and arguments.command == "plan":
        write(results, "digest", digest)
    return outputs


def write(results, name, text):
    with open(os.path.join(results, name), "w", encoding="utf-8") as file:
        file.write(text + "\n")


def append_summary(path):
    """Also shows the comment on the page of the job."""
    summary = os.environ.get("GITHUB_STEP_SUMMARY")
    if summary:
        with open(path, encoding="utf-8") as source, open(summary, "a", encoding="utf-8") as target:
            target.write(source.read())


if __name__ == "__main__":
    host.run(main)
