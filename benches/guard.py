#!/usr/bin/env python3
"""Compares how many instructions the program executes with what is recorded in instructions.json.

    benches/guard.py                      compares target/debug/secsync
    benches/guard.py --record "REASON"    records what it takes now, and why

Timings depend on the machine, so none is compared; instructions hardly do. They do depend on the
compiler, so a record holds for one version of it, one target and one profile, and another one is
not compared. Needs valgrind.
"""

import argparse
import json
import shutil
import subprocess
import sys
from pathlib import Path

from scale import Size, apply_all, instructions, sandbox, workspace

RECORD = Path(__file__).resolve().parent / "instructions.json"
SIZE = Size(syncs=1_000, files=10)
# How much more is an error, in percent.
MOST = 5.0
# The exit code if nothing could be compared.
NOT_RUN = 3


def compiler():
    """The compiler's version and target."""
    said = subprocess.run(["rustc", "-vV"], check=True, capture_output=True, text=True).stdout
    fields = dict(line.split(": ", 1) for line in said.splitlines() if ": " in line)
    return {"rustc": fields["release"], "target": fields["host"]}


def measure(program):
    """The instructions of each command on the same files."""
    with workspace(SIZE) as root, sandbox(program, root) as variables:
        apply_all(program, root, variables)
        return {
            "validate": instructions([program, "validate", "-q"], root),
            "plan": instructions([program, "plan", "-q"], root, variables),
        }


def compare(before, after):
    """One line for each command, and whether one takes too much."""
    is_too_much = False
    for command, count in after.items():
        more = 100 * (count / before[command] - 1)
        is_too_much |= more > MOST
        print(f"{command}: {count:,} instructions, {more:+.1f} % against {before[command]:,}")
    return is_too_much


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--profile", default="dev", help="that the program was built with")
    parser.add_argument("--record", metavar="REASON", help="record what it takes now, and why")
    arguments = parser.parse_args()
    if not shutil.which("valgrind"):
        print("valgrind is not installed")
        return NOT_RUN
    built_by = {**compiler(), "profile": arguments.profile}
    records = json.loads(RECORD.read_text()) if RECORD.exists() else []
    same = [record for record in records if built_by.items() <= record.items()]
    if not same and arguments.record is None:
        print(f"instructions.json has no record of {built_by['rustc']} for {built_by['target']}, "
              f"profile {built_by['profile']}; make one with --record")
        return NOT_RUN
    # What Cargo calls the directory of its usual profile.
    directory = {"dev": "debug"}.get(arguments.profile, arguments.profile)
    program = RECORD.parent.parent / "target" / directory / "secsync"
    if not program.exists():
        print(f"{program} was not built")
        return NOT_RUN
    counts = measure(program)
    if arguments.record is not None:
        # An older compiler's record can be compared with no longer.
        keys = ("target", "profile")
        kept = [record for record in records if any(record[key] != built_by[key] for key in keys)]
        new = {**built_by, "syncs": SIZE.syncs, "reason": arguments.record, "instructions": counts}
        RECORD.write_text(json.dumps([*kept, new], indent=2) + "\n")
        print(f"Recorded {counts}.")
        return 0
    if compare(same[0]["instructions"], counts):
        print(f"That is more than {MOST:g} % more. Find out why (benches/README.md), or record it "
              'with a reason: benches/guard.py --record "REASON"')
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
