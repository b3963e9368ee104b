"""Imports PyTorch, installing it first where it is missing: `import torch_here` makes a virtual environment `target/torch` with pip (several GB for the default
build; PIP_INDEX_URL and the like say where from) and starts the script again in it."""

import importlib.util
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[4]
FOLDER = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "torch"


def here():
    return all(importlib.util.find_spec(name) for name in ("torch", "numpy"))


if not here():
    python = FOLDER / "bin" / "python"
    if pathlib.Path(sys.prefix).resolve() == FOLDER.resolve():
        sys.exit("PyTorch could not be installed: nothing is compared")
    ready = python.exists() and subprocess.call([python, "-c", "import torch, numpy"], stderr=subprocess.DEVNULL) == 0
    if not ready:
        print(f"installing PyTorch into {FOLDER} (once; DINLAB_PYTHON names a Python that has it)", file=sys.stderr)
        try:
            subprocess.check_call([sys.executable, "-m", "venv", FOLDER])
            subprocess.check_call([python, "-m", "pip", "install", "-q", "torch", "numpy"], stdout=sys.stderr)
        except (OSError, subprocess.CalledProcessError) as error:
            sys.exit(f"PyTorch could not be installed: {error}")
    os.execv(python, [str(python), *sys.argv])
