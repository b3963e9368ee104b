#!/usr/bin/env python3
"""dinlab's networks in PyTorch from dinlab's initial weights and batches, case by case: training in double precision, one gradient in single precision.

    python3 crates/neural/benches/peers/torch_agreement.py

The cases are those of `crates/neural/examples/torch_agreement.rs`: LeNet-5 by every method, Network in Network, and settings that differ in network, activation, loss,
penalty, step decay, batch size, alpha and beta.

Bound. Rounding perturbs each gradient by some c*eps*|g|, and the perturbation grows along the path by at most (1 + step*L) a step. Both are measured:
the same steps are repeated from initial weights that are perturbed by one unit in the last place at random, and the difference of dinlab from
PyTorch must be within 100 times the difference that those perturbations make. One gradient in single precision: 10^-5 of its length, some hundred roundings.
"""

import json
import pathlib
import subprocess
import sys
import tempfile

import torch_here
import numpy as np
import torch
import torch_models


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

    def __init__(self, params, lr, alpha, beta):
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


class Innaprop(Indian):
    """Algorithm 1 of arXiv 2410.05871 in the order in which its authors' program computes: weight decay, mean square, psi, weights."""

    SIGMA, EPS, WEIGHT_DECAY = 0.999, 1e-8, 0.01

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            a, b, lr = group["alpha"], group["beta"], group["lr"]
            for p in group["params"]:
                own = self.state[p]
                if not own:
                    own.update(k=0, psi=(1 - a * b) * p.clone(), square=torch.zeros_like(p))
                own["k"] += 1
                p.mul_(1 - lr * self.WEIGHT_DECAY)
                own["square"].lerp_(p.grad**2, 1 - self.SIGMA)
                direction = p.grad / ((own["square"] / (1 - self.SIGMA ** own["k"])).sqrt() + self.EPS)
                psi = own["psi"]
                psi.copy_((1 - lr / b) * psi + lr * (1 / b - a) * p)
                p.copy_(p + lr * (1 - a * b) / (b - lr) * p - lr / (b - lr) * psi - lr * b * direction)


METHODS = {
    "sgd": lambda p, lr, **_: torch.optim.SGD(p, lr=lr),
    "momentum": lambda p, lr, **_: torch.optim.SGD(p, lr=lr, momentum=0.9),
    "nesterov": lambda p, lr, **_: torch.optim.SGD(p, lr=lr, momentum=0.9, nesterov=True),
    "adagrad": lambda p, lr, **_: torch.optim.Adagrad(p, lr=lr, eps=1e-10),
    "rmsprop": lambda p, lr, **_: torch.optim.RMSprop(p, lr=lr, alpha=0.9, eps=1e-8),
    "adam": lambda p, lr, **_: torch.optim.Adam(p, lr=lr),
    "adamw": lambda p, lr, **_: torch.optim.AdamW(p, lr=lr, weight_decay=0.01),
    "innaprop": Innaprop,
    "indian": Indian,
}


def objective(case, model, x, y):
    """Mean loss of a batch and the penalty."""
    z = model(x)
    if case["loss"] == "cross-entropy":
        loss = torch.nn.functional.cross_entropy(z, y)
    else:
        wanted = torch.nn.functional.one_hot(y, z.shape[1]).to(z.dtype)
        loss = 0.5 * ((z - wanted) ** 2).sum() / len(x)
    return loss + 0.5 * case["penalty"] * sum((p * p).sum() for p in model.parameters())


def batches(case, order):
    return [batch for epoch in order.split(len(order) // case["epochs"]) for batch in epoch.split(case["batch"])]


def run(case, theta, inputs, labels, order):
    model = torch_models.build(case["architecture"], case["shape"], case["outputs"]).double()
    load(model, theta)
    optimiser = METHODS[case["method"]](model.parameters(), case["step_size"], alpha=case["alpha"], beta=case["beta"])
    for step, own in enumerate(batches(case, order)):
        for group in optimiser.param_groups:
            group["lr"] = case["step_size"] * (step + 1) ** -case["decay"]
        optimiser.zero_grad()
        objective(case, model, inputs[own], labels[own]).backward()
        # Nesterov's weights are the points before the extrapolation, as dinlab gives them; PyTorch's parameters are those after it.
        plain = flat(model.parameters()) - group["lr"] * flat(p.grad for p in model.parameters())
        optimiser.step()
    return plain if case["method"] == "nesterov" else flat(model.parameters())


def compare(case, place):
    shape = case["shape"]
    inputs = torch.from_numpy(np.fromfile(place / "inputs.f32", "<f4").reshape(-1, *shape))
    labels = torch.from_numpy(np.fromfile(place / "labels.u32", "<u4").astype(np.int64))
    order = torch.from_numpy(np.fromfile(place / "order.u32", "<u4").astype(np.int64))
    initial = np.fromfile(place / "initial.f64", "<f8")
    model = torch_models.build(case["architecture"], shape, case["outputs"])
    load(model, initial.astype(np.float32))
    first = order[:case["batch"]]
    objective(case, model, inputs[first], labels[first]).backward()
    theirs, ours = flat(p.grad for p in model.parameters()), np.fromfile(place / "gradient.f32", "<f4")
    single = np.linalg.norm(theirs - ours) / np.linalg.norm(theirs)
    double = inputs.double()
    theirs = run(case, initial, double, labels, order)
    nudged = initial * (1 + np.finfo(float).eps * np.random.default_rng(0).choice([-1, 1], len(initial)))
    spread = np.linalg.norm(run(case, nudged, double, labels, order) - theirs)
    off = np.linalg.norm(np.fromfile(place / "final.f64", "<f8") - theirs)
    moved = np.linalg.norm(theirs - initial)
    good = off <= 100 * spread and moved > 0.1 and single < 1e-5
    words = f"{case['architecture']}, {case['data']}, {case['method']}, batch {case['batch']}, {len(batches(case, order))} steps"
    print(f"{words}: difference {off:.1e}, of perturbed weights {spread:.1e}, moved {moved:.2f}; f32 gradient {single:.1e}: {'ok' if good else 'TOO FAR'}", flush=True)
    return good


def main():
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as place:
        place = pathlib.Path(place)
        command = ["cargo", "build", "--release", "-q", "--workspace", "--example", "torch_agreement"]
        subprocess.run(command, check=True, cwd=torch_here.ROOT)
        subprocess.run([torch_here.FOLDER.parent / "release/examples/torch_agreement", place], check=True)
        cases = json.loads((place / "cases.json").read_text())
        good = [compare(case, place / str(i)) for i, case in enumerate(cases)]
    sys.exit(not all(good))


if __name__ == "__main__":
    main()
