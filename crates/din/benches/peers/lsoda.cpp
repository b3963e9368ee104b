// LSODA in its C++ translation liblsoda on the problems of benches/stiff_precision.rs: same samples, same error, right-hand
// sides written out. The sources LSODA.h, LSODA.cpp and wrapper.cpp are in the sdist of the PyPI package numbalsoda 0.3.4.
//
//   SAMPLES=/tmp cargo bench --workspace --bench stiff_precision
//   g++ -O3 -I SRC lsoda.cpp SRC/LSODA.cpp SRC/wrapper.cpp -o lsoda && ./lsoda /tmp
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

using Rhs = void (*)(double, double *, double *, void *);
extern "C" void lsoda_wrapper(Rhs, int, double *, void *, int, double *, double *, double, double, int, int *);

const double ALPHA = 0.5;
long evaluations = 0;

// theta' = u - beta v, u' = -alpha u - (1 - alpha beta) v.
void din(double beta, int n, const double *v, const double *y, double *dy) {
    evaluations++;
    for (int i = 0; i < n; i++) {
        dy[i] = y[n + i] - beta * v[i];
        dy[n + i] = -ALPHA * y[n + i] - (1.0 - ALPHA * beta) * v[i];
    }
}

void rosenbrock(double beta, const double *y, double *dy) {
    double w = 200.0 * (y[1] - y[0] * y[0]);
    double v[2] = {-2.0 * (y[0] * w + (1.0 - y[0])), w};
    din(beta, 2, v, y, dy);
}

void nonstiff(double, double *y, double *dy, void *) { rosenbrock(0.1, y, dy); }
void stiff(double, double *y, double *dy, void *) { rosenbrock(10.0, y, dy); }

double hessian[10][10];

void quadratic(double, double *y, double *dy, void *) {
    double v[10];
    for (int i = 0; i < 10; i++) {
        v[i] = 0.0;
        for (int j = 0; j < 10; j++) v[i] += hessian[i][j] * y[j];
    }
    din(1.0, 10, v, y, dy);
}

void fill_hessian() {
    const double values[10] = {1, 5, 22, 100, 464, 2154, 10000, 46416, 215443, 1e6};
    const double w[10] = {3, 3, 2, 2, 1, 1, 1, 1, 1, 1};
    auto q = [&](int i, int j) { return (i == j) - w[i] * w[j] / 16.0; };
    for (int i = 0; i < 10; i++)
        for (int j = 0; j < 10; j++) {
            hessian[i][j] = 0.0;
            for (int k = 0; k < 10; k++) hessian[i][j] += q(i, k) * values[k] * q(k, j);
        }
}

struct Problem {
    const char *name;
    Rhs rhs;
    std::vector<double> theta;
};

void run(const Problem &problem, const std::string &folder) {
    int n = problem.theta.size(), size = 2 * n;
    std::vector<double> times, reference;
    std::ifstream file(folder + "/" + problem.name + ".txt");
    for (std::string line; std::getline(file, line);) {
        std::istringstream numbers(line);
        double value;
        numbers >> value;
        times.push_back(value);
        for (int i = 0; i < n && numbers >> value; i++) reference.push_back(value);
    }
    int count = times.size();
    if (count == 0 || reference.size() != size_t(count) * n) {
        std::printf("%s: no reference samples in %s\n", problem.name, folder.c_str());
        return;
    }
    for (double digits = 3.0; digits <= 13.6; digits += 0.5) {
        double tolerance = std::pow(10.0, -digits), best = 1e300, error = 0.0;
        std::vector<double> start(size, 0.0), found(size_t(count) * size);
        std::copy(problem.theta.begin(), problem.theta.end(), start.begin());
        int success = 0;
        for (int repeat = 0; repeat < 100; repeat++) {
            evaluations = 0;
            auto begin = std::chrono::steady_clock::now();
            lsoda_wrapper(problem.rhs, size, start.data(), nullptr, count, times.data(), found.data(), tolerance,
                          tolerance, 10000000, &success);
            std::chrono::duration<double, std::micro> took = std::chrono::steady_clock::now() - begin;
            best = std::min(best, took.count());
        }
        for (int k = 0; k < count; k++) {
            double sum = 0.0;
            for (int i = 0; i < n; i++) sum += std::pow(found[k * size + i] - reference[k * n + i], 2);
            error = std::max(error, std::sqrt(sum));
        }
        std::printf("%-10s tolerance %7.1e error %7.1e time %8.1f us, %ld evaluations%s\n", problem.name, tolerance,
                    error, best, evaluations, success ? "" : ", failed");
    }
}

int main(int count, char **arguments) {
    fill_hessian();
    std::string folder = count > 1 ? arguments[1] : ".";
    run({"non-stiff", nonstiff, {-1.5, 0.0}}, folder);
    run({"stiff", stiff, {-1.5, 0.0}}, folder);
    run({"quadratic", quadratic, std::vector<double>(10, 1.0)}, folder);
}
