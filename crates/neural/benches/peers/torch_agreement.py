#!/usr/bin/env python3
"""LeNet-5 in PyTorch from dinlab's initial weights and batches: 100 steps in double precision by each method, one gradient in single precision.

    python3 crates/neural/benches/peers/torch_agreement.py

Bound. Rounding perturbs each gradient by some c*eps*|g|, and the perturbation grows along the path by at most (1 + step*L) a step. Both are measured:
the same 100 steps are repeated from initial weights that are perturbed by one unit in the last place at random, and the difference of dinlab from
PyTorch must be within 100 times the difference that those perturbations make.
"""

import pathlib
import subprocess
import sys
import tempfile

import numpy as np

try:
    import torch
except ImportError:
    sys.exit("PyTorch is not installed: nothing was compared (pip install torch)")

ROOT = pathlib.Path(__file__).resolve().parents[4]
BATCH, STEPS = 32, 100


def lenet():
    n = torch.nn
    return n.Sequential(
        n.Conv2d(1, 6, 5, padding=2), n.ReLU(), n.MaxPool2d(2), n.Conv2d(6, 16, 5), n.ReLU(), n.MaxPool2d(2),
        n.Flatten(), n.Linear(400, 120), n.ReLU(), n.Linear(120, 84), n.ReLU(), n.Linear(84, 10),
    )


def load(model, theta):
    position = 0
    with torch.no_grad():
        for p in model.parameters():
            p.copy_(torch.from_numpy(theta[position:position + p.numel()].reshape(p.shape).copy()))
            position += p.numel()
    assert position == len(theta)


def flat(tensors):
    return np.concatenate([t.detach().numpy().ravel() for t in tensors])


class Indian(torch.optim.Optimizer):
    """The published form with psi, started at rest."""

    def __init__(self, params, lr, alpha=0.5, beta=0.1):
        super().__init__(params, dict(lr=lr, alpha=alpha, beta=beta))

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            a, b, lr = group["alpha"], group["beta"], group["lr"]
            for p in group["params"]:
                psi = self.state[p].setdefault("psi", (1 - a * b) * p.clone())
                common = (1 / b - a) * p - psi / b
                psi.add_(common, alpha=lr)
                p.add_(common - b * p.grad, alpha=lr)


METHODS = {
    "sgd": lambda p: torch.optim.SGD(p, lr=0.1),
    "momentum": lambda p: torch.optim.SGD(p, lr=0.02, momentum=0.9),
    "nesterov": lambda p: torch.optim.SGD(p, lr=0.02, momentum=0.9, nesterov=True),
    "adagrad": lambda p: torch.optim.Adagrad(p, lr=0.01, eps=1e-10),
    "rmsprop": lambda p: torch.optim.RMSprop(p, lr=1e-3, alpha=0.9, eps=1e-8),
    "adam": lambda p: torch.optim.Adam(p, lr=1e-3),
    "adamw": lambda p: torch.optim.AdamW(p, lr=1e-3, weight_decay=0.01),
    "indian": lambda p: Indian(p, lr=0.1),
}


def run(make, theta, inputs, labels):
    model = lenet().double()
    load(model, theta)
    optimiser = make(model.parameters())
    for step in range(STEPS):
        own = slice(step * BATCH, (step + 1) * BATCH)
        optimiser.zero_grad()
        torch.nn.functional.cross_entropy(model(inputs[own]), labels[own]).backward()
        optimiser.step()
    return flat(model.parameters())


def main():
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as place:
        place = pathlib.Path(place)
        command = ["cargo", "run", "--release", "-q", "-p", "dinlab-neural", "--example", "torch_agreement", "--", str(place)]
        subprocess.run(command, check=True, cwd=ROOT)
        inputs = torch.from_numpy(np.fromfile(place / "inputs.f32", "<f4").reshape(-1, 1, 28, 28))
        labels = torch.from_numpy(np.fromfile(place / "labels.u32", "<u4").astype(np.int64))
        initial = np.fromfile(place / "initial.f64", "<f8")
        model = lenet()
        load(model, initial.astype(np.float32))
        torch.nn.functional.cross_entropy(model(inputs[:BATCH]), labels[:BATCH]).backward()
        theirs, ours = flat(p.grad for p in model.parameters()), np.fromfile(place / "gradient.f32", "<f4")
        off = np.linalg.norm(theirs - ours) / np.linalg.norm(theirs)
        print(f"one gradient in single precision: relative difference {off:.1e}")
        failed = not off < 1e-5
        generator = np.random.default_rng(0)
        for name, make in METHODS.items():
            double = inputs.double()
            theirs = run(make, initial, double, labels)
            nudged = initial * (1 + np.finfo(float).eps * generator.choice([-1, 1], len(initial)))
            spread = np.linalg.norm(run(make, nudged, double, labels) - theirs)
            off = np.linalg.norm(np.fromfile(place / f"{name}.f64", "<f8") - theirs)
            moved = np.linalg.norm(theirs - initial)
            good = off <= 100 * spread and moved > 0.1
            failed |= not good
            print(f"{name:9} 100 steps: difference {off:.1e}, of perturbed weights {spread:.1e}, moved {moved:.2f}: {'ok' if good else 'TOO FAR'}")
    sys.exit(failed)


if __name__ == "__main__":
    main()
