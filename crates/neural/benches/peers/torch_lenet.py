#!/usr/bin/env python3
"""PyTorch beside `cargo bench --workspace --bench lenet`, which starts it, reads one line (version and optimiser) and asks line by line: `NETWORK BATCH clock`,
`NETWORK BATCH processor`, `step SIZE`. Answers are seconds of one pass or step (SGD with momentum, fused where this build has it)."""

import functools
import sys
import time

import torch_here  # noqa: F401
import torch
import torch_models

SHAPES = {"lenet5": (1, 28, 28), "nin": (3, 32, 32)}


def best(work, repetitions):
    times = []
    for _ in range(3):
        begun = time.perf_counter()
        for _ in range(repetitions):
            work()
        times.append((time.perf_counter() - begun) / repetitions)
    return min(times)


def by_processor(work):
    torch.set_num_threads(1)
    begun, done = time.process_time(), 0
    while time.process_time() - begun < 0.5:
        work()
        done += 1
    torch.set_num_threads(2)
    return (time.process_time() - begun) / done


@functools.cache
def network(name, batch):
    shape = SHAPES[name]
    model = torch_models.build(name, shape, 10)
    x, y = torch.rand(batch, *shape), torch.randint(0, 10, (batch,))

    def work():
        model.zero_grad(set_to_none=True)
        torch.nn.functional.cross_entropy(model(x), y).backward()

    work()
    return work


@functools.cache
def optimiser(size):
    p = torch.nn.Parameter(torch.rand(size))
    p.grad = torch.rand(size)
    for kind in ("fused", "foreach"):
        try:
            found = torch.optim.SGD([p], lr=1e-3, momentum=0.9, **{kind: True})
            found.step()
            return found.step, kind
        except (TypeError, RuntimeError):
            continue
    raise SystemExit("neither a fused nor a foreach optimiser")


def main():
    torch.set_num_threads(2)
    print(f"{torch.__version__}, optimiser {optimiser(1000)[1]}", flush=True)
    for line in sys.stdin:
        match line.split():
            case ["step", size]:
                answer = best(optimiser(int(size))[0], max(1, 20_000_000 // int(size)))
            case [name, batch, "clock"]:
                answer = best(network(name, int(batch)), 1 if name == "nin" else 1024 // int(batch))
            case [name, batch, _]:
                answer = by_processor(network(name, int(batch)))
        print(answer, flush=True)


if __name__ == "__main__":
    main()
