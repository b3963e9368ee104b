"""INDIAN on the valley in NumPy over whole arrays of 4,096 cells: 2,000 steps, one thread."""
import time

import numpy as np

CELLS, STEPS = 4096, 2000
c = np.arange(CELLS, dtype=float)
a, b, g = (c * 0.11) % 1.0, (c * 0.23) % 1.0 * 0.5, 1e-3
x, y = (c * 0.37) % 1.0 * 3.0 - 1.5, (c * 0.73) % 1.0 * 2.0
p, q = np.zeros(CELLS), np.zeros(CELLS)
keep, pull = 1.0 - a * g, g * (1.0 - a * b)
begin, before = time.perf_counter(), time.process_time()
for _ in range(STEPS):
    w = 200.0 * (y - np.abs(x))
    v = -w * np.sign(x) - np.sign(1.0 - x)
    x, p = x + g * (p - b * v), keep * p - pull * v
    y, q = y + g * (q - b * w), keep * q - pull * w
wall, processor = time.perf_counter() - begin, time.process_time() - before
scale = 1e9 / CELLS / STEPS
print(
    f"NumPy, indian valley: {wall * scale:.3f} ns per trajectory and step on one thread, "
    f"{processor * scale:.3f} of processor time (check {x.sum():.9f} of its cells)"
)
