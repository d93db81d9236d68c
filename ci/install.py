"""Installs secsync: a release by its version and checksum, or this checkout.

    python3 ci/install.py --url URL --checksum SHA256 [--version VERSION] [--to DIR]
    python3 ci/install.py [--to DIR]

`{version}` and `{target}` in URL are filled in. Nothing is unpacked before the checksum is right, and
of the archive only the program. Without a URL an installed secsync is taken, or else Cargo builds the
checkout that this script is in. DIR/bin is added to GITHUB_PATH.
"""

import argparse
import hashlib
import io
import os
import platform
import re
import shutil
import subprocess
import tarfile
import urllib.error
import urllib.request
import zipfile

import host

LARGEST_ARCHIVE = 128 * 1024 * 1024
TARGETS = {
    ("Linux", "x86_64"): "x86_64-unknown-linux-musl",
    ("Linux", "aarch64"): "aarch64-unknown-linux-musl",
    ("Darwin", "x86_64"): "x86_64-apple-darwin",
    ("Darwin", "arm64"): "aarch64-apple-darwin",
    ("Windows", "AMD64"): "x86_64-pc-windows-msvc",
    ("Windows", "ARM64"): "aarch64-pc-windows-msvc",
}


def main():
    parser = argparse.ArgumentParser(description="Install a released secsync.")
    parser.add_argument("--url", default="")
    parser.add_argument("--version", default="")
    parser.add_argument("--checksum", default="", help="SHA-256 of the archive, in hexadecimal")
    parser.add_argument("--to", default="secsync-installed")
    arguments = parser.parse_args()
    directory = os.path.join(os.path.abspath(arguments.to), "bin")
    if arguments.url:
        download(arguments, directory)
    elif shutil.which("secsync"):
        host.say(f"Taking {shutil.which('secsync')}, which is installed.")
        return 0
    else:
        build(arguments.to)
    if os.environ.get("GITHUB_PATH"):
        with open(os.environ["GITHUB_PATH"], "a", encoding="utf-8") as file:
            file.write(directory + "\n")
    return 0


def build(root):
    """With Cargo, at the versions that the checkout has locked."""
    checkout = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    if not shutil.which("cargo"):
        raise host.Stop(
            "Building secsync needs Cargo. Install Rust first, or name a version and its checksum."
        )
    words = ["cargo", "install", "--locked", "--quiet", "--root", root, "--path", checkout]
    if subprocess.call(words) != 0:
        raise host.Stop("Cargo could not build secsync. Its messages are above.")


def download(arguments, directory):
    checksum = arguments.checksum.lower().removeprefix("sha256:")
    if not re.fullmatch("[0-9a-f]{64}", checksum):
        raise host.Stop(f"`{arguments.checksum}` is not a SHA-256 checksum, which has 64 hexadecimal digits.")
    url = filled_in(arguments.url, arguments.version)
    data = fetch(url)
    found = hashlib.sha256(data).hexdigest()
    if found != checksum:
        raise host.Stop(
            f"The archive {url} has the checksum {found}, not {checksum}. "
            "Nothing was installed. Take the checksum from the release, and find out why it differs."
        )
    name = "secsync.exe" if os.name == "nt" else "secsync"
    found = program(data, name, url)
    os.makedirs(directory, exist_ok=True)
    path = os.path.join(directory, name)
    with open(path, "wb") as file:
        file.write(found)
    os.chmod(path, 0o755)
    host.say(f"Installed {path} from {url}.")


def filled_in(url, version):
    if not re.fullmatch(r"[A-Za-z0-9.+-]*", version):
        raise host.Stop(f"`{version}` is not a version, such as 1.2.3.")
    machine = (platform.system(), platform.machine())
    if "{target}" in url and machine not in TARGETS:
        raise host.Stop(f"There is no release for {' '.join(machine)}. Build from the checkout instead.")
    return url.replace("{version}", version).replace("{target}", TARGETS.get(machine, ""))


def fetch(url):
    """Whatever comes is checked; so it may come from anywhere, and over anything."""
    try:
        with urllib.request.urlopen(url, timeout=host.TIMEOUT) as answer:
            data = answer.read(LARGEST_ARCHIVE + 1)
    except (urllib.error.URLError, OSError, ValueError) as error:
        raise host.Stop(f"The archive {url} cannot be read: {error}.") from None
    if len(data) > LARGEST_ARCHIVE:
        raise host.Stop(f"The archive {url} is too large.")
    return data


def program(data, name, url):
    """The program in an archive, wherever it is in it."""
    try:
        if data[:2] == b"PK":
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                for member in archive.namelist():
                    if member.split("/")[-1] == name:
                        return archive.read(member)
        else:
            with tarfile.open(fileobj=io.BytesIO(data)) as archive:
                for member in archive:
                    if member.isfile() and member.name.split("/")[-1] == name:
                        return archive.extractfile(member).read()
    # What is wrong with an archive is an error of many kinds: of the format, of each compression.
    except Exception as error:  # noqa: BLE001
        raise host.Stop(f"The archive {url} cannot be unpacked: {host.reason(error)}.") from None
    raise host.Stop(f"The archive {url} does not hold the program `{name}`.")


if __name__ == "__main__":
    host.run(main)
