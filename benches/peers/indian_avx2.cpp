// INDIAN on the valley 100(y - |x|)^2 + |1 - x| in hand-written AVX2 lanes: 10^5 triples (alpha, beta, start), 2,000 steps,
// two threads. The same operations in the same order as dinlab's step (no fused multiply-add), hence the same end points.
#include <immintrin.h>
#include <time.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <thread>
#include <vector>

static const int CELLS = 100000, STEPS = 2000, U = 4, LANES = 4 * U;

static double fract(double x) { return x - std::floor(x); }

static inline __m256d sign(__m256d t) {
    const __m256d one = _mm256_set1_pd(1), minus = _mm256_set1_pd(-0.0), zero = _mm256_setzero_pd();
    return _mm256_and_pd(_mm256_or_pd(_mm256_and_pd(t, minus), one), _mm256_cmp_pd(t, zero, _CMP_NEQ_UQ));
}

static void run(int first, double *end) {
    double a[LANES], b[LANES], x[LANES], y[LANES];
    for (int l = 0; l < LANES; l++) {
        double c = first + l;
        a[l] = fract(c * 0.11), b[l] = fract(c * 0.23) * 0.5;
        x[l] = fract(c * 0.37) * 3.0 - 1.5, y[l] = fract(c * 0.73) * 2.0;
    }
    const __m256d g = _mm256_set1_pd(1e-3), one = _mm256_set1_pd(1), minus = _mm256_set1_pd(-0.0);
    __m256d X[U], Y[U], P[U], Q[U], B[U], keep[U], pull[U];
    for (int i = 0; i < U; i++) {
        X[i] = _mm256_loadu_pd(x + 4 * i), Y[i] = _mm256_loadu_pd(y + 4 * i);
        P[i] = Q[i] = _mm256_setzero_pd(), B[i] = _mm256_loadu_pd(b + 4 * i);
        __m256d A = _mm256_loadu_pd(a + 4 * i);
        keep[i] = _mm256_sub_pd(one, _mm256_mul_pd(A, g));
        pull[i] = _mm256_mul_pd(g, _mm256_sub_pd(one, _mm256_mul_pd(A, B[i])));
    }
    for (int k = 0; k < STEPS; k++)
        for (int i = 0; i < U; i++) {
            __m256d w = _mm256_mul_pd(_mm256_set1_pd(200), _mm256_sub_pd(Y[i], _mm256_andnot_pd(minus, X[i])));
            __m256d v = _mm256_sub_pd(_mm256_mul_pd(_mm256_xor_pd(minus, w), sign(X[i])), sign(_mm256_sub_pd(one, X[i])));
            __m256d p = P[i], q = Q[i];
            X[i] = _mm256_add_pd(X[i], _mm256_mul_pd(g, _mm256_sub_pd(p, _mm256_mul_pd(B[i], v))));
            Y[i] = _mm256_add_pd(Y[i], _mm256_mul_pd(g, _mm256_sub_pd(q, _mm256_mul_pd(B[i], w))));
            P[i] = _mm256_sub_pd(_mm256_mul_pd(keep[i], p), _mm256_mul_pd(pull[i], v));
            Q[i] = _mm256_sub_pd(_mm256_mul_pd(keep[i], q), _mm256_mul_pd(pull[i], w));
        }
    for (int i = 0; i < U; i++) _mm256_storeu_pd(end + 4 * i, X[i]);
}

static double processor() {
    timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return t.tv_sec + 1e-9 * t.tv_nsec;
}

int main() {
    std::vector<double> end(CELLS + LANES);
    double wall = 1e9, cpu = 1e9, sum = 0;
    for (int r = 0; r < 7; r++) {
        auto begin = std::chrono::steady_clock::now();
        double before = processor();
        auto half = [&](int from, int to) { for (int c = from; c < to; c += LANES) run(c, &end[c]); };
        std::thread other(half, CELLS / 2, CELLS);
        half(0, CELLS / 2);
        other.join();
        wall = std::min(wall, std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
        cpu = std::min(cpu, processor() - before);
    }
    for (int c = 0; c < CELLS; c++) sum += end[c];
    double scale = 1e9 / (double(CELLS) * STEPS);
    std::printf("C++ AVX2, indian valley: %.3f ns per trajectory and step, %.3f of processor time (check %.9f)\n",
                wall * scale, cpu * scale, sum);
}
