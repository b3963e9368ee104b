"""INDIAN on the valley in numba on two threads, 10^5 triples, 2,000 steps: a plain loop over cells, and lanes made by hand."""
import time

import numba
import numpy as np

CELLS, STEPS, LANES = 100_000, 2000, 32


@numba.njit(parallel=True, fastmath=False)
def plain(alpha, beta, x, y, steps):
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


@numba.njit(parallel=True, fastmath=False)
def lanes(alpha, beta, x, y, steps):
    g = 1e-3
    for block in numba.prange(x.size // LANES):
        first = block * LANES
        b = beta[first : first + LANES].copy()
        s, t = x[first : first + LANES].copy(), y[first : first + LANES].copy()
        p, q, keep, pull = np.zeros(LANES), np.zeros(LANES), np.empty(LANES), np.empty(LANES)
        for l in range(LANES):
            a = alpha[first + l]
            keep[l], pull[l] = 1.0 - a * g, g * (1.0 - a * b[l])
        for _ in range(steps):
            for l in range(LANES):
                w = 200.0 * (t[l] - abs(s[l]))
                r = 1.0 - s[l]
                left = (1.0 if s[l] > 0.0 else 0.0) - (1.0 if s[l] < 0.0 else 0.0)
                right = (1.0 if r > 0.0 else 0.0) - (1.0 if r < 0.0 else 0.0)
                v = -w * left - right
                s[l] += g * (p[l] - b[l] * v)
                t[l] += g * (q[l] - b[l] * w)
                p[l] = keep[l] * p[l] - pull[l] * v
                q[l] = keep[l] * q[l] - pull[l] * w
        x[first : first + LANES], y[first : first + LANES] = s, t


numba.set_num_threads(2)
c = np.arange(CELLS, dtype=float)
for name, run in [("plain loop", plain), ("lanes by hand", lanes)]:
    wall = processor = np.inf
    for _ in range(4):
        a, b = (c * 0.11) % 1.0, (c * 0.23) % 1.0 * 0.5
        x, y = (c * 0.37) % 1.0 * 3.0 - 1.5, (c * 0.73) % 1.0 * 2.0
        begin, before = time.perf_counter(), time.process_time()
        run(a, b, x, y, STEPS)
        wall = min(wall, time.perf_counter() - begin)
        processor = min(processor, time.process_time() - before)
    scale = 1e9 / CELLS / STEPS
    print(
        f"numba {name}, indian valley: {wall * scale:.3f} ns per trajectory and step, "
        f"{processor * scale:.3f} of processor time (check {x.sum():.9f})"
    )
