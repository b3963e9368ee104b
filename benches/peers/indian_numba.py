"""INDIAN on the valley in numba, a plain loop over cells on two threads: 10^5 triples, 2,000 steps."""
import time

import numba
import numpy as np

CELLS, STEPS = 100_000, 2000


@numba.njit(parallel=True, fastmath=False)
def run(alpha, beta, x, y, steps):
    g = 1e-3
    for c in numba.prange(x.size):
        a, b, s, t, p, q = alpha[c], beta[c], x[c], y[c], 0.0, 0.0
        keep, pull = 1.0 - a * g, g * (1.0 - a * b)
        for _ in range(steps):
            w = 200.0 * (t - abs(s))
            v = -w * np.sign(s) - np.sign(1.0 - s)
            s, p = s + g * (p - b * v), keep * p - pull * v
            t, q = t + g * (q - b * w), keep * q - pull * w
        x[c], y[c] = s, t


numba.set_num_threads(2)
c = np.arange(CELLS, dtype=float)
best = np.inf
for _ in range(4):
    a, b = (c * 0.11) % 1.0, (c * 0.23) % 1.0 * 0.5
    x, y = (c * 0.37) % 1.0 * 3.0 - 1.5, (c * 0.73) % 1.0 * 2.0
    begin = time.perf_counter()
    run(a, b, x, y, STEPS)
    best = min(best, time.perf_counter() - begin)
print(f"numba plain loop, indian valley: {best * 1e9 / CELLS / STEPS:.3f} ns per trajectory and step (check {x.sum():.9f})")
