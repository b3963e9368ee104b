// DIN on the double well x^4 - 4x^2 + y^2 by Boost.odeint's controlled dopri5: 10^4 pairs (alpha, beta) and starts, t in
// [0, 20], rtol = atol from the command line, two threads; with the error of theta at the end against a run at 1e-12.
#include <time.h>

#include <algorithm>
#include <array>
#include <boost/numeric/odeint.hpp>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <thread>
#include <vector>

using namespace boost::numeric::odeint;
typedef std::array<double, 4> State;
static const int CELLS = 10000;

static double fract(double x) { return x - std::floor(x); }

struct Din {
    double a, b;
    void operator()(const State &s, State &d, double) const {
        double v = 4 * s[0] * (s[0] * s[0] - 2), w = 2 * s[1];
        d[0] = s[2] - b * v, d[1] = s[3] - b * w;
        d[2] = -a * s[2] - (1 - a * b) * v, d[3] = -a * s[3] - (1 - a * b) * w;
    }
};

static std::array<double, 2> run(int cell, double tol) {
    double c = cell;
    Din din{fract(c * 0.11), fract(c * 0.23) * 0.5};
    State s{fract(c * 0.37) * 3.0 - 1.5, fract(c * 0.73) * 2.0, 0, 0};
    integrate_adaptive(make_controlled<runge_kutta_dopri5<State>>(tol, tol), din, s, 0.0, 20.0, 0.01);
    return {s[0], s[1]};
}

static double processor() {
    timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return t.tv_sec + 1e-9 * t.tv_nsec;
}

int main(int, char **argv) {
    double tol = std::atof(argv[1]);
    std::vector<std::array<double, 2>> end(CELLS);
    double wall = 1e9, cpu = 1e9;
    for (int r = 0; r < 7; r++) {
        auto begin = std::chrono::steady_clock::now();
        double before = processor();
        auto half = [&](int from, int to) { for (int c = from; c < to; c++) end[c] = run(c, tol); };
        std::thread other(half, CELLS / 2, CELLS);
        half(0, CELLS / 2);
        other.join();
        wall = std::min(wall, std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
        cpu = std::min(cpu, processor() - before);
    }
    std::vector<double> errors;
    for (int c = 0; c < CELLS; c += 7) {
        auto exact = run(c, 1e-12);
        errors.push_back(std::hypot(end[c][0] - exact[0], end[c][1] - exact[1]));
    }
    std::sort(errors.begin(), errors.end());
    std::printf("Boost.odeint dopri5, din double-well, tolerance %.1e: %.3f us per trajectory, %.3f of processor time; "
                "median error %.2e, 90%% %.2e\n",
                tol, wall * 1e6 / CELLS, cpu * 1e6 / CELLS, errors[errors.size() / 2], errors[errors.size() * 9 / 10]);
}
