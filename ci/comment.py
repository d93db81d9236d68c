"""Keeps the one comment of a pull request, or the one issue about drift, up to date.

    python3 ci/comment.py [--results DIR] [--key NAME] [--pull-request NUMBER]

It takes what ci/run.py left in DIR: drift becomes an issue, which is closed when there is none any
more, and everything else the one comment of the pull request. The result of an apply takes the place
of the plan, which then stands folded below it. The comment is found again by its first line, a marker, and only
among those of the token's own author. Nothing that is in a comment is ever used, but for the number
of the run that wrote it: what is applied comes from ci/saved_plan.py.

GITHUB_TOKEN needs `pull-requests: write`, or for drift `issues: write`. GITLAB_TOKEN needs the scope
`api`.
"""

import argparse
import contextlib
import json
import os
import re

import host

TRIES = 5
# For the marker, the number of the run and what is below the text.
RESERVE = 2_000


def main():
    parser = argparse.ArgumentParser(description="Keep one comment or issue up to date.")
    parser.add_argument("--results", default="secsync-results")
    parser.add_argument("--key", default="", help="tells the comments of several workspaces apart")
    parser.add_argument("--pull-request", default="", help="the number, if the job does not say it")
    arguments = parser.parse_args()
    if not re.fullmatch(r"[A-Za-z0-9._-]{0,50}", arguments.key):
        raise host.Stop(f"`{arguments.key}` is not a valid key. Use up to 50 of A-Z a-z 0-9 . _ -")
    if not re.fullmatch("[0-9]{0,18}", arguments.pull_request):
        raise host.Stop(
            f"`{arguments.pull_request}` is not the number of a pull request. Give `--pull-request` digits only."
        )
    outputs, text, plan = results_in(arguments.results)
    code = host.of_environment()
    comment = Comment(code, outputs, text, arguments.key, plan)
    if outputs["command"] == "drift":
        return keep_issue(comment)
    if is_from_fork(code):
        host.say(
            "A job for a fork's pull request may not write comments. Its annotations and summary say all."
        )
        return 0
    number = arguments.pull_request or (code.pull_request() or {}).get("number")
    if not number:
        host.say("This commit belongs to no pull request. There is nothing to comment on.")
        return 0
    keep(code.comments(number), comment)
    host.say(f"The comment of pull request {number} is up to date.")
    return 0


def results_in(directory):
    """What ci/run.py left: the outputs, the comment, and the saved plan if there is one."""
    try:
        with open(os.path.join(directory, "outputs.json"), encoding="utf-8") as file:
            found = json.load(file)
        outputs = {**found, "command": found["command"], "exit-code": int(found["exit-code"])}
        with open(os.path.join(directory, "comment.md"), encoding="utf-8") as file:
            text = file.read()
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise host.Stop(
            f"`{directory}` holds no results that can be read: {host.reason(error)}. "
            "Run ci/run.py first, with the same `--results`."
        ) from None
    plan = ""
    path = os.path.join(directory, "plan.md")
    with contextlib.suppress(FileNotFoundError), open(path, encoding="utf-8") as file:
        plan = file.read()
    return outputs, text, plan


def is_from_fork(code):
    """Whether the host gave this job a token that can only read."""
    pull_request = host.event().get("pull_request") or {}
    repository = ((pull_request.get("head") or {}).get("repo") or {}).get("full_name")
    is_untrusted = os.environ.get("GITHUB_EVENT_NAME") == "pull_request"
    return bool(pull_request) and is_untrusted and repository != code.repository


def keep_issue(comment):
    outputs = comment.outputs
    if outputs["exit-code"] not in (0, 2):
        host.say("The run failed, and says nothing about drift. The issue stays as it is.")
        return 0
    place = comment.code.issues()
    if outputs.get("changes"):
        keep(place, comment, {"title": f"Secret syncs are not as declared {comment.key}".strip()})
        host.say("The issue about drift is up to date.")
        return 0
    for one in place.ours(comment.marker):
        comment.write(lambda text, one=one: place.update(one, text, {}))
        place.remove(one)
        host.say("There is no drift any more. The issue is closed.")
    return 0


class Comment:
    """The text of a comment, as long as the host allows."""

    def __init__(self, code, outputs, text, key, plan=""):
        self.code, self.outputs, self.key = code, outputs, key
        about = "drift" if outputs["command"] == "drift" else "pull-request"
        self.marker = f"<!-- {' '.join(['secsync:' + about, key]).strip()} -->"
        self.text = without_marker(text)
        # Below the result, its heading would be a second one.
        self.plan = re.sub(r"\A## [^\n]*\n", "", without_marker(plan)).strip()

    def of_length(self, longest):
        room = longest - RESERVE
        text, is_whole = shortened(self.text.rstrip(), room)
        # The digest is that of what was applied.
        title = "The plan that was applied" if self.outputs.get("digest") else "The saved plan"
        plan = f"\n<details><summary>{title}</summary>\n\n{self.plan}\n\n</details>"
        # Half a plan would leave open what is folded.
        is_whole &= not self.plan or len((text + plan).encode()) <= room
        parts = [self.marker]
        if self.code.run.isdigit():
            parts.append(f"<!-- run:{self.code.run} -->")
        parts.append(text)
        if self.plan and is_whole:
            parts.append(plan)
        if not is_whole:
            parts.append("\n**Shortened:** the code host takes no longer comment. The run has everything.")
        parts += ["\n---", " · ".join(self.facts())]
        return "\n".join(parts) + "\n"

    def facts(self):
        """What the text is about: all of it from this run, none from a file of the repository."""
        if re.fullmatch("[0-9a-f]{40,64}", self.code.commit()):
            yield f"Commit {self.code.commit()}"
        if self.outputs.get("digest"):
            yield f"plan `{self.outputs['digest']}`"
        yield f"exit code {self.outputs['exit-code']}"
        if self.code.run_url:
            yield f"[run]({self.code.run_url})"

    def write(self, send):
        """Sends the text, shorter as long as the host says that it is too long."""
        longest = self.code.longest
        while True:
            try:
                return send(self.of_length(longest))
            except host.Refused as error:
                is_too_long = error.status in (400, 413, 422) and "too long" in error.message
                if not (is_too_long or error.status == 413) or longest < 4 * RESERVE:
                    raise
                longest //= 2


def keep(place, comment, fields=None):
    """Makes one comment or issue of all that are there, with this text.

    Two runs may do it at once, and each may make one. So whoever made one looks again, and then all
    keep the oldest. An answer that was lost is looked up before anything is sent a second time.
    """
    fields = fields or {}
    made, last = None, None
    for _ in range(TRIES):
        ours = []
        try:
            ours = place.ours(comment.marker)
            # A list may lag behind.
            if made and all(one["id"] != made["id"] for one in ours):
                ours.append(made)
            if not ours:
                made = comment.write(lambda text: place.create(text, fields))
                continue
            first, *others = ours
            if is_newer(first[place.text], comment.code.run):
                host.say("A newer run has written the comment already. It stays as it is.")
            elif not (made and made["id"] == first["id"]):
                comment.write(lambda text, first=first: place.update(first, text, fields))
            for one in others:
                place.remove(one)
            return
        except host.Unsure as error:
            last = error
        except host.Refused as error:
            # Somebody deleted it in between.
            if error.status != 404 or not (made or ours):
                raise
            made, last = None, error
    raise last or host.Stop("The comment could not be written.")


def is_newer(text, run):
    """Whether a later run than this one wrote it."""
    lines = text.splitlines()
    found = re.fullmatch(r"<!-- run:([0-9]{1,18}) -->", lines[1]) if len(lines) > 1 else None
    return bool(found and run.isdigit() and int(found.group(1)) > int(run))


def without_marker(text):
    """A text of the program without its own marker, which knows no key."""
    first, _, rest = text.partition("\n")
    return rest if first.startswith("<!-- secsync:") else text


# What a part of a comment starts with. Whatever belongs to an entry is indented.
PART = re.compile(r"- |> - |> \[!|#|\*\*|<details")
# A title, which is nothing without the part below it.
TITLE = re.compile(r"#|>(?! - )")


def shortened(text, longest):
    """The text up to a length in bytes, cut between two parts, and whether that is all of it.

    What is above the first place to cut is always kept: the heading and the result.
    """
    if len(text.encode()) <= longest:
        return text, True
    kept, size, end, is_fenced, title = [], 0, 0, False, ""
    for line in text.split("\n"):
        if not is_fenced and not title and PART.match(line):
            if size > longest:
                break
            end = len(kept)
        is_fenced ^= line.startswith("```")
        if TITLE.match(line):
            title = line
        elif line or title.startswith(">"):
            title = ""
        size += len(line.encode()) + 1
        if size > longest and end:
            break
        kept.append(line)
    return "\n".join(kept[:end]), False


if __name__ == "__main__":
    host.run(main)
