"""Replays a rate certificate of `dinlab certify rate --certificate FILE` on random functions of its class.

    python3 crates/certify/benches/replay.py FILE

It shares no code with dinlab. For quadratics, Huber functions, log-cosh functions and functions that are steep far out, all with
curvature in [mu, L], it draws states and prints the largest V(k+1)/V(k), which must not exceed rho squared, and the smallest
V/|theta|^2, which must not fall below 1. It needs NumPy. It can refute a certificate, never prove one: `dinlab certify verify` does.
"""

import json
import sys
from fractions import Fraction

import numpy as np

FUNCTIONS, STATES = 60, 20_000


def numbers(names, values):
    return dict(zip(names, (float(Fraction(v)) for v in values)))


def function(kind, rng, mu, L):
    """J and its derivative, one variable."""
    rest = L - mu
    if kind == 0:
        q = rng.uniform(mu, L)
        return lambda x: q * x * x / 2, lambda x: q * x
    width = 10 ** rng.uniform(-1, 1)
    if kind == 1:
        return (
            lambda x: mu * x * x / 2 + rest * np.where(abs(x) < width, x * x / 2, width * (abs(x) - width / 2)),
            lambda x: mu * x + rest * np.clip(x, -width, width),
        )
    if kind == 2:
        return (
            lambda x: mu * x * x / 2 + rest * width**2 * (np.logaddexp(x / width, -x / width) - np.log(2)),
            lambda x: mu * x + rest * width * np.tanh(x / width),
        )
    return (
        lambda x: mu * x * x / 2 + rest * np.maximum(abs(x) - width, 0) ** 2 / 2,
        lambda x: mu * x + rest * np.sign(x) * np.maximum(abs(x) - width, 0),
    )


def main(path):
    with open(path) as file:
        record = json.load(file)
    if record["system"]["kind"] != "discrete":
        sys.exit("only certificates of discrete methods are replayed")
    v = numbers(record["names"], record["variables"])
    mu, L, rho = (float(Fraction(record[k])) for k in ("convexity", "smoothness", "rate"))
    s, m, c = (float(Fraction(record["system"][k])) for k in ("step_squared", "friction", "damping"))

    def V(theta, w, g, f):
        square = v["P(theta,theta)"] * theta**2 + v["P(w,w)"] * w**2 + v["P(g,g)"] * g**2
        mixed = v["P(theta,w)"] * theta * w + v["P(theta,g)"] * theta * g + v["P(w,g)"] * w * g
        return square + 2 * mixed + v["p"] * f

    # Gradient descent and its like forget w: V is a Lyapunov function from w = 0, where they stay.
    forgets = Fraction(record["system"]["friction"]) == 1 and record["system"]["step_squared"] == record["system"]["damping"]
    rng = np.random.default_rng(1)
    ratio, least = 0.0, np.inf
    for index in range(FUNCTIONS):
        f, gradient = function(index % 4, rng, mu, L)
        theta = 2 * rng.normal(size=STATES)
        w = 2 * rng.normal(size=STATES) * 10 ** rng.uniform(-2, 1) * (not forgets)
        g = gradient(theta)
        now = V(theta, w, g, f(theta))
        after = theta + w - c * g
        w = (1 - m) * w - (s - m * c) * g
        ratio = max(ratio, np.max(V(after, w, gradient(after), f(after)) / now))
        least = min(least, np.min(now / theta**2))
    print(f"largest V(k+1)/V(k)  {ratio:.12f}   rho^2 {rho**2:.12f}")
    print(f"smallest V/theta^2   {least:.9f}")
    sys.exit(0 if ratio <= rho**2 * (1 + 1e-9) and least >= 1 - 1e-9 else 1)


if __name__ == "__main__":
    main(*sys.argv[1:])
