"""Workspaces of any size, a sandbox to run them against, and what a run of the program takes.

Python's standard library alone, as in ci/.
"""

import os
import re
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
EVERY_DESTINATION = ROOT / "examples/destinations/syncs.yaml"

FILE = """\
version: 1
provider: infisical
project: project-{project}
defaults:
  environment: prod
  secretPath: /
  labels: {{ team: team-{file} }}
  connection: humanitec-main
  destination: humanitec
  syncOptions: {{ initialSyncBehavior: overwrite-destination, disableSecretDeletion: true }}
  destinationConfig: {{ scope: environment, org: acme }}
syncs:
"""

SYNC = """\
  app-{file}-{index}:
    description: Pushes what app {index} needs.
    syncOptions:
      keySchema: "APP_{{{{secretKey}}}}"
    destinationConfig:
      app: app-{file}-{index}
      env: production
"""

# Ten syncs of a matrix, which mean what they would written out.
MATRIX = """\
  "app-{file}-{index}-${{matrix.cell}}":
    matrix: {{ cell: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9] }}
    description: Pushes what app {index} needs.
    syncOptions:
      keySchema: "APP_{{{{secretKey}}}}"
    destinationConfig:
      app: "app-{file}-{index}-${{matrix.cell}}"
      env: production
"""


@dataclass(frozen=True)
class Size:
    """A workspace: how many syncs, in how many files and projects, and what they look like."""

    syncs: int
    files: int = 1
    projects: int = 1
    every_destination: bool = False
    matrix: bool = False

    def write(self, root):
        """Writes its files under `root`. A file is of one project."""
        root = Path(root)
        (root / "syncs").mkdir(parents=True)
        (root / "secsync.yaml").write_text('version: 1\ninclude: ["syncs/**/*.yaml"]\n')
        files = max(self.files, self.projects)
        blocks = every_destination() if self.every_destination else None
        for file in range(files):
            count = self.syncs // files + (file < self.syncs % files)
            text = [FILE.format(project=file % self.projects, file=file)]
            if blocks:
                text = [f"provider: infisical\nproject: project-{file % self.projects}\n"
                        "defaults: { environment: prod, secretPath: / }\nsyncs:\n"]
                for index in range(count):
                    name, lines = blocks[index % len(blocks)]
                    text.append(f"  {name}-{file}-{index}:\n{lines}")
            elif self.matrix:
                text += [MATRIX.format(file=file, index=index) for index in range(count // 10)]
            else:
                text += [SYNC.format(file=file, index=index) for index in range(count)]
            (root / f"syncs/team-{file:04}.yaml").write_text("".join(text))


def every_destination():
    """The syncs of the example with every destination: their names and their lines."""
    text = EVERY_DESTINATION.read_text().split("\nsyncs:\n", 1)[1]
    parts = re.split(r"^  (\S+):\n", text, flags=re.MULTILINE)[1:]
    return [(name.strip('"'), lines) for name, lines in zip(parts[::2], parts[1::2])]


@contextmanager
def workspace(size):
    """The directory of a workspace of that size, for as long as it is needed."""
    with tempfile.TemporaryDirectory(prefix="secsync-bench-") as root:
        size.write(root)
        yield Path(root)


def variables(more=()):
    """The variables that the program is run with: none of the caller's that it reads."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
    return {**kept, **dict(more)}


@contextmanager
def sandbox(program, root, options=()):
    """A sandbox in another process that knows what the files under `root` name: the variables to
    reach it by."""
    command = [program, "sandbox", "--listen", "127.0.0.1:0", *options, "."]
    server = subprocess.Popen(command, cwd=root, env=variables(), stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True)
    try:
        exports = {}
        for line in server.stdout:
            if "Ctrl-C" in line:
                break
            if found := re.match(r"\s*export (\w+)=(\S+)", line):
                exports[found[1]] = found[2]
        if not exports:
            sys.exit(f"The sandbox did not start:\n{server.stderr.read()}")
        yield exports
    finally:
        server.terminate()
        server.wait()


@dataclass(frozen=True)
class Usage:
    """What a run took."""

    seconds: float
    # User and system, in seconds.
    cpu: float
    # The most that it held, in megabytes.
    memory: float
    output: str


def run(command, root, more=(), accepts=(0,)):
    """Runs a command to its end, and says what it took. Another exit code ends the benchmark."""
    began = time.monotonic()
    with tempfile.TemporaryFile("w+") as out:
        child = subprocess.Popen(command, cwd=root, env=variables(more), stdout=out, stderr=out)
        _, status, used = os.wait4(child.pid, 0)
        seconds = time.monotonic() - began
        child.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        output = out.read()
    if child.returncode not in accepts:
        command = " ".join(map(str, command))
        sys.exit(f"`{command}` ended with {child.returncode}:\n{output[-4000:]}")
    # Kilobytes, but for macOS.
    unit = 1024 * 1024 if sys.platform == "darwin" else 1024
    return Usage(seconds, used.ru_utime + used.ru_stime, used.ru_maxrss / unit, output)


def apply_all(program, root, more):
    """Makes everything remote that the files under `root` declare."""
    command = [program, "apply", "--auto-approve", "--parallelism", "16", "-q"]
    return run(command, root, more)


def instructions(command, root, more=()):
    """How many instructions a command executes in its own code, as valgrind counts them."""
    with tempfile.NamedTemporaryFile() as out:
        counted = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={out.name}", *command]
        output = run(counted, root, more).output
    found = re.search(r"Collected : (\d+)", output)
    if not found:
        sys.exit(f"valgrind counted nothing:\n{output[-4000:]}")
    return int(found[1])
