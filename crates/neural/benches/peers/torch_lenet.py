#!/usr/bin/env python3
"""PyTorch beside `cargo bench -p dinlab-neural --bench lenet`: images per second of LeNet-5, nanoseconds per parameter of SGD with momentum (fused where
this build has it). Prints one line of JSON; called by the benchmark."""

import json
import sys
import time

try:
    import torch
except ImportError:
    print(json.dumps({"missing": "PyTorch is not installed"}))
    sys.exit()

THREADS, BATCHES, SIZES = 2, (32, 128), (1_000_000, 10_000_000)


def best(work, repetitions, rounds=5):
    work()
    times = []
    for _ in range(rounds):
        begun = time.perf_counter()
        for _ in range(repetitions):
            work()
        times.append((time.perf_counter() - begun) / repetitions)
    return min(times)


def alone(work, batch):
    torch.set_num_threads(1)
    work()
    begun, seen = time.process_time(), 0
    while time.process_time() - begun < 2:
        for _ in range(8):
            work()
        seen += 8 * batch
    rate = seen / (time.process_time() - begun)
    torch.set_num_threads(THREADS)
    return rate


def images(batch, measure):
    n = torch.nn
    model = n.Sequential(
        n.Conv2d(1, 6, 5, padding=2), n.ReLU(), n.MaxPool2d(2), n.Conv2d(6, 16, 5), n.ReLU(), n.MaxPool2d(2),
        n.Flatten(), n.Linear(400, 120), n.ReLU(), n.Linear(120, 84), n.ReLU(), n.Linear(84, 10),
    )
    x, y = torch.rand(batch, 1, 28, 28), torch.randint(0, 10, (batch,))

    def work():
        model.zero_grad(set_to_none=True)
        n.functional.cross_entropy(model(x), y).backward()

    return measure(work, batch)


def step(size):
    p = torch.nn.Parameter(torch.rand(size))
    p.grad = torch.rand(size)
    try:
        optimiser = torch.optim.SGD([p], lr=1e-3, momentum=0.9, fused=True)
        optimiser.step()
        kind = "fused"
    except (TypeError, RuntimeError):
        optimiser = torch.optim.SGD([p], lr=1e-3, momentum=0.9, foreach=True)
        kind = "foreach"
    return 1e9 * best(optimiser.step, 20_000_000 // size) / size, kind


if __name__ == "__main__":
    torch.set_num_threads(THREADS)
    clock = lambda work, batch: batch / best(work, 1024 // batch)
    result = {"version": torch.__version__, "images": {str(b): images(b, clock) for b in BATCHES}}
    result["alone"] = {str(b): images(b, alone) for b in BATCHES}
    result["step"] = {str(s): step(s) for s in SIZES}
    print(json.dumps(result))
