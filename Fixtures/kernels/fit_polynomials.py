"""The coefficients of Sources/Numerics/CKernels/Bodies/Elementary.inc, by the exchange algorithm of Remez.

    python fit_polynomials.py        # prints them with the largest relative error of each

Needs mpmath.
"""

import mpmath as mp

mp.mp.dps = 60


def fit(function, low, high, degree, denominator=0):
    """N(x) / D(x) with D(0) = 1 whose largest relative error is as small as can be."""
    count = degree + denominator + 2
    points = lambda n: [
        (low + high) / 2 - (high - low) / 2 * mp.cos(mp.pi * i / (n - 1)) for i in range(n)
    ]
    grid = points(2000)
    values = [function(x) for x in grid]
    chosen, below = points(count), lambda x: mp.mpf(1)
    for _ in range(40):
        # N(x) - f(x) D(x) = +-E f(x) D(x) at the chosen points; linear with D of the last round.
        previous = None
        while previous is None or abs(error - previous) > abs(error) * mp.mpf(10) ** -8:
            previous = error if previous is not None else mp.inf
            rows, right = [], []
            for i, x in enumerate(chosen):
                f = function(x)
                rows.append(
                    [x**j for j in range(degree + 1)]
                    + [-f * x**j for j in range(1, denominator + 1)]
                    + [-f * (-1) ** i * below(x)])
                right.append(f)
            solved = list(mp.lu_solve(mp.matrix(rows), mp.matrix(right)))
            error = solved[-1]
            n, d = solved[: degree + 1], [mp.mpf(1)] + solved[degree + 1 : -1]
            below = lambda x, d=d: mp.polyval(d[::-1], x)
        errors = [mp.polyval(n[::-1], x) / below(x) / f - 1 for x, f in zip(grid, values)]
        # The largest error of each stretch of one sign is where the next round equalises.
        stretches = [[0]]
        for i in range(1, len(grid)):
            if errors[i] * errors[stretches[-1][-1]] < 0:
                stretches.append([])
            stretches[-1].append(i)
        peaks = [max(stretch, key=lambda i: abs(errors[i])) for stretch in stretches]
        while len(peaks) > count:
            peaks.pop(0 if abs(errors[peaks[0]]) < abs(errors[peaks[-1]]) else -1)
        assert len(peaks) == count, "the errors do not alternate often enough"
        if [grid[i] for i in peaks] == chosen:
            break
        chosen = [grid[i] for i in peaks]
    return max(abs(e) for e in errors), n, d


def show(name, result):
    error, n, d = result
    print(f"{name}: relative error {mp.nstr(error, 3)}")
    print("  numerator  ", " ".join(mp.nstr(c, 20) for c in n))
    if len(d) > 1:
        print("  denominator", " ".join(mp.nstr(c, 20) for c in d))


# Mills' ratio over sqrt(2 pi): the upper tail of the normal distribution over exp(-a^2 / 2).
mills = lambda a: mp.erfc(a / mp.sqrt(2)) / 2 * mp.exp(a * a / 2)
show("2^f, |f| <= 1/2", fit(lambda f: mp.mpf(2) ** f, mp.mpf("-0.5"), mp.mpf("0.5"), 7))
show("mills(a), 0 <= a <= 15", fit(mills, mp.mpf(0), mp.mpf(15), 5, 6))
