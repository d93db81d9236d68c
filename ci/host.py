"""The code host: which one it is, its API, and what its log takes for commands.

These scripts are Python, and only its standard library: GitHub's and most other runners have it, on
every system, and nothing that a stranger writes passes through a shell. They need Python 3.9.
"""

import http.client
import json
import os
import re
import sys
import time
import traceback
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field

# How often one request is tried, and how long a host may ask to wait, in seconds.
TRIES = 4
LONGEST_WAIT = 120
# How long one request may take, in seconds.
TIMEOUT = 30
# More than a page of the longest comments, or a plan of 100,000 syncs.
LARGEST_ANSWER = 256 * 1024 * 1024
PAGE = 100


class Stop(Exception):
    """What is wrong, and what to do."""


class Refused(Stop):
    """An answer of the host that is an error."""

    def __init__(self, text, status, message):
        super().__init__(text)
        self.status = status
        self.message = message


class Unsure(Stop):
    """A request that may have been carried out, or not."""


def visible(text):
    """A text in one line, in which no log finds a command."""
    text = "".join(c if c.isprintable() else " " for c in str(text))
    return re.sub("#(?=#)", "# ", text).strip()


def say(text):
    """A line in the log. What it starts with keeps it from being a command."""
    print(f"secsync ci: {visible(text)}", flush=True)


def reason(error):
    """What an error of Python says, as the end of a sentence."""
    said = str(error).rstrip(".")
    # That of a missing key is the key alone.
    is_sentence = said and not isinstance(error, LookupError)
    return said if is_sentence else f"{type(error).__name__} {said}".rstrip()


def run(main):
    """Runs a script: whatever stops it is one sentence and the exit code 1."""
    for stream in (sys.stdout, sys.stderr):
        # Windows has another encoding.
        stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    try:
        sys.exit(main())
    except Stop as stop:
        text = visible(stop)
    except KeyboardInterrupt:
        text = "Interrupted."
    except OSError as error:
        text = visible(f"{reason(error)}.")
    except Exception as error:  # noqa: BLE001
        # An answer, or a file, of a form that no host is known for.
        file, line, *_ = traceback.extract_tb(error.__traceback__)[-1]
        place = f"{os.path.basename(file)}:{line}"
        text = visible(f"Something unexpected stops it at {place}: {type(error).__name__}, {error}.")
    if os.environ.get("GITHUB_ACTIONS") == "true":
        print("::error title=secsync::" + text.replace("%", "%25"), flush=True)
    else:
        print(f"Error: {text}", file=sys.stderr, flush=True)
    sys.exit(1)


def set_outputs(outputs):
    """Gives values to the steps that follow: on GitHub as outputs. They are one line each."""
    path = os.environ.get("GITHUB_OUTPUT")
    if path:
        with open(path, "a", encoding="utf-8") as file:
            file.writelines(f"{name}={visible(value)}\n" for name, value in outputs.items())


def event():
    """What GitHub says of the event that started the workflow; nothing elsewhere."""
    path = os.environ.get("GITHUB_EVENT_PATH")
    if not path:
        return {}
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def of_environment():
    """The code host that this job runs for."""
    if os.environ.get("GITHUB_REPOSITORY"):
        return GitHub(os.environ)
    if os.environ.get("CI_PROJECT_ID"):
        return GitLab(os.environ)
    raise Stop(
        "The code host is unknown. "
        "Set GITHUB_REPOSITORY (owner/name) or CI_PROJECT_ID, as GitHub Actions and GitLab CI do."
    )


class OnlyReads(urllib.request.HTTPRedirectHandler):
    """Follows a redirect of a read, and no other. The token stays behind: see `Api.send`."""

    def redirect_request(self, request, file, code, message, headers, target):
        if request.get_method() != "GET":
            return None
        old, new = (urllib.parse.urlsplit(url).scheme for url in (request.full_url, target))
        if new != old and new != "https":
            return None
        return super().redirect_request(request, file, code, message, headers, target)


class Api:
    """Requests to one host, each tried again as long as that can help."""

    def __init__(self, base, headers, token, pause=time.sleep):
        if not token:
            raise Stop("There is no token for the code host. Set GITHUB_TOKEN or GITLAB_TOKEN.")
        self.base = base.rstrip("/")
        self.headers = headers
        self.token = token
        self.pause = pause
        self.opener = urllib.request.build_opener(OnlyReads)

    def json(self, method, path, body=None):
        """The answer as JSON; `None` if it is empty."""
        data, _ = self.send(method, path, body)
        return self.parsed(data, path)

    def all(self, path, **query):
        """All items of a list, whatever the number of its pages."""
        page, items = 1, []
        while True:
            parts = urllib.parse.urlencode({**query, "per_page": PAGE, "page": page})
            data, headers = self.send("GET", f"{path}?{parts}")
            found = self.parsed(data, path)
            if isinstance(found, dict):
                # Some of GitHub's lists are in an object, beside their length.
                found = next((value for value in found.values() if isinstance(value, list)), None)
            if not isinstance(found, list):
                raise Stop(f"The answer to {path} is not a list.")
            items.extend(found)
            if len(found) < PAGE and 'rel="next"' not in (headers.get("Link") or ""):
                return items
            page += 1

    def parsed(self, data, path):
        try:
            return json.loads(data) if data else None
        except ValueError:
            raise Stop(f"The answer to {path} is not JSON. Is a proxy in between?") from None

    def send(self, method, path, body=None):
        """The answer's body and headers."""
        url = path if "://" in path else self.base + path
        data = None if body is None else json.dumps(body).encode()
        for attempt in range(1, TRIES + 1):
            request = urllib.request.Request(url, data, method=method)
            for name, value in self.headers.items():
                # Not sent to where a redirect leads.
                request.add_unredirected_header(name, value)
            request.add_header("User-Agent", "secsync-ci")
            if data is not None:
                request.add_header("Content-Type", "application/json")
            wait = 2 ** (attempt - 1)
            try:
                with self.opener.open(request, timeout=TIMEOUT) as answer:
                    found = answer.read(LARGEST_ANSWER + 1)
                    if len(found) > LARGEST_ANSWER:
                        raise Stop(f"The answer to {path} is too large.")
                    return found, answer.headers
            except urllib.error.HTTPError as error:
                refused = self.refusal(method, path, error)
                limited = rate_limit(error)
                if limited is not None:
                    wait = limited
                elif error.code < 500:
                    raise refused from None
                elif method == "POST":
                    raise Unsure(str(refused)) from None
            except (OSError, http.client.HTTPException) as error:
                reason = getattr(error, "reason", error)
                refused = Stop(f"{method} {path} got no answer: {visible(reason)}.")
                if method == "POST":
                    raise Unsure(str(refused)) from None
            if attempt == TRIES or wait > LONGEST_WAIT:
                raise refused
            say(f"{refused} Trying again in {wait} s.")
            self.pause(wait)
        raise AssertionError("unreachable")

    def refusal(self, method, path, error):
        """A sentence for an answer that is an error, with what the host says."""
        text = error.read(LARGEST_ANSWER).decode("utf-8", "replace")
        try:
            found = json.loads(text)
            message = str(found.get("message") or found.get("error") or "")
            message += "".join(f" {e.get('message', '')}" for e in found.get("errors") or [])
        except (ValueError, AttributeError):
            message = ""
        message = visible(message.replace(self.token, "***"))[:300]
        said = f" ({message})" if message else ""
        what = f"{method} {path} was refused with {error.code}{said}."
        advice = {
            401: "The token is invalid or has expired.",
            403: "Give the job's token the permission: `permissions:` of the job, or the token's scope.",
            404: "It does not exist, or the token may not see it.",
        }
        return Refused(f"{what} {advice.get(error.code, '')}".strip(), error.code, message)


def rate_limit(error):
    """How many seconds a host asks to wait because of a limit; `None` if it is another error."""
    after = error.headers.get("Retry-After")
    spent = error.headers.get("X-RateLimit-Remaining") == "0"
    if error.code != 429 and not (error.code == 403 and (after or spent)):
        return None
    try:
        if after:
            return max(0, int(after))
        return max(1, int(error.headers.get("X-RateLimit-Reset", "")) - int(time.time()))
    except ValueError:
        return 60


@dataclass
class Place:
    """Where comments or issues of one kind are: how to list, make, change and remove them.

    Only those whose author is the token's own are looked at: anybody can copy a marker.
    """

    api: Api
    # The paths of the list, and of one of them without its number.
    items: str
    item: str
    # The field with the text, and what gets the author of one.
    text: str
    author: Callable
    me: object
    # The methods, and the body that removes one.
    change: str
    removal: tuple
    query: dict = field(default_factory=dict)

    def ours(self, marker):
        """Those of the token's own whose first line is this, the oldest first."""
        found = self.api.all(self.items, **self.query)
        ours = [one for one in found if self.is_ours(one, marker)]
        return sorted(ours, key=lambda one: one["id"])

    def is_ours(self, one, marker):
        # A pull request is also an issue.
        lines = (one.get(self.text) or "").splitlines()
        return self.author(one) == self.me and "pull_request" not in one and lines[:1] == [marker]

    def create(self, text, fields):
        return self.api.json("POST", self.items, {**fields, self.text: text})

    def update(self, one, text, fields):
        self.api.json(self.change, self.path(one), {**fields, self.text: text})

    def remove(self, one):
        try:
            method, body = self.removal
            self.api.json(method, self.path(one), body)
        except Refused as error:
            # Another run did it.
            if error.status not in (404, 410):
                raise

    def path(self, one):
        return f"{self.item}/{one.get('iid') or one.get('number') or one['id']}"


class GitHub:
    """GitHub, and a GitHub Enterprise server."""

    # Characters. Bytes are counted, which are never fewer.
    longest = 65_536

    def __init__(self, environment):
        self.repository = environment["GITHUB_REPOSITORY"]
        self.sha = environment.get("GITHUB_SHA", "")
        self.event = event()
        token = environment.get("GITHUB_TOKEN", "")
        headers = {
            "Authorization": f"Bearer {token}",
            "Accept": "application/vnd.github+json",
            "X-GitHub-Api-Version": "2022-11-28",
        }
        self.api = Api(environment.get("GITHUB_API_URL") or "https://api.github.com", headers, token)
        self.graphql = environment.get("GITHUB_GRAPHQL_URL") or "https://api.github.com/graphql"
        self.root = f"/repos/{self.repository}"
        server = environment.get("GITHUB_SERVER_URL") or "https://github.com"
        self.run = environment.get("GITHUB_RUN_ID", "")
        self.run_url = f"{server}/{self.repository}/actions/runs/{self.run}" if self.run else ""

    def commit(self):
        """The commit that people know: of a pull request the one that was pushed."""
        return (self.event.get("pull_request") or {}).get("head", {}).get("sha") or self.sha

    def me(self):
        """The login of the token's own user. A job's token may ask for it only this way."""
        found = self.api.json("POST", self.graphql, {"query": "{ viewer { login } }"})
        try:
            return found["data"]["viewer"]["login"]
        except (KeyError, TypeError):
            raise Stop("The code host does not say whose token this is.") from None

    def pull_request(self):
        """The pull request that this job is about; `None` if it is about none."""
        if self.event.get("pull_request"):
            return self.event["pull_request"]
        if not self.sha:
            return None
        found = self.api.all(f"{self.root}/commits/{self.sha}/pulls")
        # The one that brought the commit, however it was merged. Others only contain it.
        merged = [one for one in found if one.get("merge_commit_sha") == self.sha and one.get("merged_at")]
        return merged[0] if merged else None

    def comments(self, number):
        issues = f"{self.root}/issues"
        return self.place(
            f"{issues}/{int(number)}/comments", f"{issues}/comments", self.me(), ("DELETE", None)
        )

    def issues(self):
        me, issues = self.me(), f"{self.root}/issues"
        query = {"state": "open", "creator": me}
        return self.place(issues, issues, me, ("PATCH", {"state": "closed"}), query=query)

    def place(self, items, item, me, removal, **more):
        return Place(
            self.api,
            items=items,
            item=item,
            text="body",
            author=lambda one: (one.get("user") or {}).get("login"),
            me=me,
            change="PATCH",
            removal=removal,
            **more,
        )


class GitLab:
    """GitLab, with a project's or group's access token in GITLAB_TOKEN: a job's own cannot comment."""

    longest = 1_000_000

    def __init__(self, environment):
        token = environment.get("GITLAB_TOKEN", "")
        base = environment.get("CI_API_V4_URL") or "https://gitlab.com/api/v4"
        self.api = Api(base, {"PRIVATE-TOKEN": token}, token)
        project = urllib.parse.quote(environment["CI_PROJECT_ID"], safe="")
        self.root = f"/projects/{project}"
        self.sha = environment.get("CI_COMMIT_SHA", "")
        self.number = environment.get("CI_MERGE_REQUEST_IID", "")
        self.run = environment.get("CI_PIPELINE_ID", "")
        self.run_url = environment.get("CI_JOB_URL", "")

    def commit(self):
        return self.sha

    def me(self):
        return (self.api.json("GET", "/user") or {}).get("id")

    def pull_request(self):
        if self.number:
            return {"number": int(self.number)}
        found = self.api.all(f"{self.root}/repository/commits/{self.sha}/merge_requests")
        shas = ("merge_commit_sha", "squash_commit_sha", "sha")
        merged = [
            one
            for one in found
            if one.get("state") == "merged" and self.sha in (one.get(sha) for sha in shas)
        ]
        return {"number": merged[0]["iid"]} if merged else None

    def comments(self, number):
        notes = f"{self.root}/merge_requests/{int(number)}/notes"
        return self.place(notes, "body", self.me(), ("DELETE", None))

    def issues(self):
        me = self.me()
        query = {"state": "opened", "author_id": me}
        close = ("PUT", {"state_event": "close"})
        return self.place(f"{self.root}/issues", "description", me, close, query=query)

    def place(self, items, text, me, removal, **more):
        return Place(
            self.api,
            items=items,
            item=items,
            text=text,
            author=lambda one: (one.get("author") or {}).get("id"),
            me=me,
            change="PUT",
            removal=removal,
            **more,
        )
