"""Times of PEPit and AutoLyap on the questions of `cargo bench --workspace --bench certify`, one JSON object on the last line.

Needs Python 3; without PEPit or AutoLyap it installs them (and clarabel) with pip into a temporary environment.
Each number is the best of several runs in seconds of CPU time, which other work on the machine stretches less than the clock's;
build and solve together, with clarabel. AutoLyap's is the rate squared (of V), so its root is taken.
"""

import importlib.util
import json
import subprocess
import sys
import tempfile
import time


def best(work, repeats):
    times = []
    for _ in range(repeats):
        start = time.process_time()
        value = work()
        times.append(time.process_time() - start)
    return min(times), value


def pepit(steps):
    from PEPit import PEP
    from PEPit.functions import SmoothConvexFunction

    def work():
        problem = PEP()
        f = problem.declare_function(SmoothConvexFunction, L=1)
        minimiser = f.stationary_point()
        x = problem.set_initial_point()
        problem.set_initial_condition((x - minimiser) ** 2 <= 1)
        for _ in range(steps):
            x = x - f.gradient(x)
        problem.set_performance_metric(f(x) - f(minimiser))
        return problem.solve(verbose=0, wrapper="cvxpy", solver="CLARABEL")

    return best(work, 3)


def autolyap(name):
    import autolyap
    from autolyap import IterationIndependent, algorithms, problemclass

    mu, smooth = 0.04, 1.0
    problem = problemclass.InclusionProblem([problemclass.SmoothStronglyConvex(mu, smooth)])
    if name == "gradient-descent":
        method = algorithms.GradientMethod(gamma=2 / (mu + smooth))
    elif name == "heavy-ball":
        method = algorithms.HeavyBallMethod(gamma=1.0, delta=0.3)
    else:
        method = algorithms.NesterovConstant(mu=mu, L=smooth)
    rate = IterationIndependent.LinearConvergence
    found = rate.get_parameters_distance_to_solution(method)
    P, p, T, t = found if len(found) == 4 else (found[0], None, found[1], None)
    options = autolyap.SolverOptions(backend="cvxpy", cvxpy_solver="CLARABEL")

    def work():
        result = rate.bisection_search_rho(problem, method, P, T, p=p, t=t, tol=1e-7, solver_options=options, verbosity=0)
        return (result["rho"] if isinstance(result, dict) else result) ** 0.5

    return best(work, 2)


def main():
    result = {}
    # AutoLyap first: after PEPit's run in the same process it fails to build its problems.
    for name in ("gradient-descent", "heavy-ball", "nesterov"):
        try:
            result[f"rate {name}"] = autolyap(name)
        except Exception as error:  # a peer that changed its interface is no failure of ours
            print(f"AutoLyap {name}: {error}", file=sys.stderr)
    for steps in (5, 10, 20):
        result[f"gradient-descent N={steps}"] = pepit(steps)
    print(json.dumps(result))


if __name__ == "__main__":
    # Looked for, not imported: once PEPit is in the process AutoLyap fails to build its problems.
    if not all(importlib.util.find_spec(name) for name in ("PEPit", "autolyap")):
        if "--inside" in sys.argv:
            print("the peers could not be installed", file=sys.stderr)
            sys.exit(1)
        with tempfile.TemporaryDirectory() as folder:
            subprocess.check_call([sys.executable, "-m", "venv", folder])
            python = f"{folder}/bin/python"
            subprocess.check_call([python, "-m", "pip", "install", "-q", "PEPit", "autolyap", "clarabel"])
            sys.exit(subprocess.call([python, __file__, "--inside"]))
    main()
