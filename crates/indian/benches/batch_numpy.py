"""INDIAN with mini-batches of 32 on even against odd digits, as a NumPy loop: steps per second.

Run from the root of the repository: python3 crates/indian/benches/batch_numpy.py
The same problem as `digits-logistic` of crates/indian/benches/batch.rs. One thread of BLAS is enough for products of this size.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import time

import numpy as np

STEPS, BATCH, ALPHA, BETA, STEP_SIZE, RIDGE = 50_000, 32, 0.5, 0.1, 0.1, 0.01

table = np.loadtxt("data/digits.csv", delimiter=",")
features = np.hstack([table[:, :-1] / 16.0, np.ones((len(table), 1))])
rows = np.where(table[:, -1] % 2 == 0, -1.0, 1.0)[:, None] * features


def run(replace):
    rng = np.random.default_rng(0)
    theta, u = np.zeros(rows.shape[1]), np.zeros(rows.shape[1])
    for _ in range(STEPS):
        if replace:
            batch = rows[rng.integers(len(rows), size=BATCH)]
        else:
            batch = rows[rng.choice(len(rows), size=BATCH, replace=False)]
        weights = 1.0 / (1.0 + np.exp(-(batch @ theta)))
        v = weights @ batch / BATCH + RIDGE * theta
        theta, u = theta + STEP_SIZE * (u - BETA * v), (1 - ALPHA * STEP_SIZE) * u - STEP_SIZE * (1 - ALPHA * BETA) * v
    return theta


for replace in (True, False):
    shortest = np.inf
    for _ in range(3):
        begin = time.perf_counter()
        run(replace)
        shortest = min(shortest, time.perf_counter() - begin)
    print(f"{'with' if replace else 'without'}-replacement: {STEPS / shortest:.0f} steps per second")
