#!/usr/bin/env python3
"""Measures workspaces of 1 to 100,000 syncs, and writes docs/explanation/performance.md.

    benches/performance.py                          all sizes, with target/release/secsync
    benches/performance.py --most 2000 --out -      up to 2,000 syncs, to standard output
    benches/performance.py --against OLD            another build of the program, in the same run

Each number is the median of three runs; of one, from 50,000 syncs on. The server is the sandbox, on
loopback, in a process of its own. If `terraform` or `octodns-sync` are on the PATH, they are in the
same table.
"""

import argparse
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from scale import ROOT, Size, apply_all, instructions, run, sandbox, workspace

PAGE = ROOT / "docs/explanation/performance.md"

SIZES = [
    Size(1),
    Size(100),
    Size(1_000, files=10),
    Size(1_000, files=10, matrix=True),
    Size(1_000, files=10, every_destination=True),
    Size(2_000, files=20),
    Size(10_000, files=100),
    Size(10_000, files=100, projects=100),
    Size(100_000, files=1_000, projects=10),
    Size(100_000, files=1_000, projects=100),
]
COMMANDS = {
    "validate": ["validate", "-q"],
    "plan": ["plan", "-q"],
    "drift": ["drift", "-q"],
    "status": ["status", "-q"],
    "export": ["export", "--all", "--force", "--dir", "exported", "-q"],
}
# Of thousands of jobs that one connection has to run, some fail: they stood in line too long.
ACCEPTED = {"status": (0, 7)}
# Beyond so many syncs a run is measured once, and valgrind would take minutes.
LARGE = 50_000
# Beyond so many, instructions are not counted.
COUNTED = 10_000


def describe(size):
    counted = [(size.syncs, "sync"), (max(size.files, size.projects), "file"),
               (size.projects, "project")]
    words = [f"{count:,} {what}{'' if count == 1 else 's'}" for count, what in counted]
    if size.matrix:
        words.append("a matrix in each block")
    if size.every_destination:
        words.append("every destination")
    return ", ".join(words)


def median(command, root, variables, size, accepts):
    times = 1 if size.syncs >= LARGE else 3
    runs = [run(command, root, variables, accepts) for _ in range(times)]
    pick = lambda field: statistics.median(getattr(one, field) for one in runs)
    return pick("seconds"), pick("cpu"), pick("memory")


def measure(programs, size):
    """The rows of one size."""
    first = programs[0]
    has_valgrind = shutil.which("valgrind") is not None
    with workspace(size) as root, sandbox(first, root) as variables:
        applied = apply_all(first, root, variables)
        yield "apply, all created", first, (applied.seconds, applied.cpu, applied.memory), None
        for name, words in COMMANDS.items():
            for program in programs:
                command = [program, *words]
                used = median(command, root, variables, size, ACCEPTED.get(name, (0,)))
                counted = has_valgrind and size.syncs <= COUNTED and name in ("validate", "plan")
                yield name, program, used, (
                    instructions(command, root, variables) if counted else None)


def terraform(count):
    """What Terraform takes for a plan without changes of so many resources without a provider."""
    with tempfile.TemporaryDirectory() as root:
        Path(root, "main.tf").write_text(
            f'resource "terraform_data" "sync" {{\n  count = {count}\n'
            '  input = "app-${count.index}"\n}\n')
        for words in (["init", "-no-color"], ["apply", "-auto-approve", "-no-color"]):
            run(["terraform", *words], root)
        return run(["terraform", "plan", "-no-color"], root)


def octodns(count):
    """What octoDNS takes to compare so many records of one file with another, all alike."""
    with tempfile.TemporaryDirectory() as root:
        Path(root, "config.yaml").write_text(
            "providers:\n"
            "  one: { class: octodns.provider.yaml.YamlProvider, directory: ./one }\n"
            "  two: { class: octodns.provider.yaml.YamlProvider, directory: ./two }\n"
            "zones:\n  example.com.: { sources: [one], targets: [two] }\n")
        records = "".join(f"app-{n:06}: {{ type: TXT, value: app-{n} }}\n" for n in range(count))
        for name in ("one", "two"):
            Path(root, name).mkdir()
            Path(root, name, "example.com.yaml").write_text("---\n" + records)
        return run(["octodns-sync", "--config-file", "config.yaml"], root)


def machine():
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [line.split(":")[1].strip() for line in cpuinfo.read_text().splitlines()
                 if line.startswith("model name")]
        model = names[0] if names else model
    return f"{model}, {os.cpu_count()} cores, {platform.system()} {platform.release()}"


def commit():
    said = subprocess.run(["git", "describe", "--always", "--dirty", "--abbrev=12"], cwd=ROOT,
                          capture_output=True, text=True)
    return said.stdout.strip() or "unknown"


def row(*cells):
    return "| " + " | ".join(cells) + " |\n"


def page(programs, most):
    """The page, size by size as it is measured."""
    yield "# Performance\n\n"
    yield ("What a run takes, measured by `benches/performance.py`. The server is the sandbox on "
           "loopback, so that its own time is small and the network's none. Jobs of the sandbox go on "
           "meanwhile; of ten thousand through one connection about half fail, as they would on the real "
           "server, and a plan says so. Instructions are valgrind's, which counts every byte of some copies "
           "in a small build: compare them within one build, and CPU time between two.\n\n")
    yield f"- machine: {machine()}\n- commit: `{commit()}`\n"
    yield f"- load of the machine when it began: {os.getloadavg()[0]:.1f}\n"
    names = ", ".join(f"`{os.path.relpath(program, ROOT)}`" for program in programs)
    yield f"- program: {names}\n"
    head = ["command", "wall", "CPU", "peak memory", "instructions"]
    for size in (size for size in SIZES if size.syncs <= most):
        print(describe(size), file=sys.stderr, flush=True)
        yield f"\n## {describe(size)}\n\n" + row(*head) + row(*["---"] * len(head))
        for name, program, (seconds, cpu, memory), count in measure(programs, size):
            which = f" ({os.path.relpath(program, ROOT)})" if program != programs[0] else ""
            yield row(f"`{name}`{which}", f"{seconds:.2f} s", f"{cpu:.2f} s", f"{memory:.0f} MB",
                      f"{count / 1e6:,.0f} M" if count else "")
        others = {"terraform": terraform, "octodns-sync": octodns}
        for name, use in others.items():
            if size == Size(2_000, files=20) and shutil.which(name):
                used = use(size.syncs)
                yield row(f"{name}, no changes", f"{used.seconds:.2f} s", f"{used.cpu:.2f} s",
                          f"{used.memory:.0f} MB", "")
    yield ("\nTerraform is given a resource that needs no provider, and octoDNS records in two files: both "
           "ask no server anything.\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", default=ROOT / "target/release/secsync", type=Path)
    parser.add_argument("--against", action="append", default=[], type=Path, metavar="OLD")
    parser.add_argument("--most", default=100_000, type=int, metavar="SYNCS")
    parser.add_argument("--out", default=PAGE, metavar="FILE", help="`-` is standard output")
    arguments = parser.parse_args()
    programs = [str(path.resolve()) for path in (arguments.program, *arguments.against)]
    parts = page(programs, arguments.most)
    if str(arguments.out) == "-":
        for part in parts:
            print(part, end="", flush=True)
    else:
        Path(arguments.out).write_text("".join(parts))


if __name__ == "__main__":
    main()
