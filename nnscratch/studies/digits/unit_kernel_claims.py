"""What the study unit-kernel claims."""

from __future__ import annotations

from nnscratch.studies.digits.readings import (
    CONV,
    CONV_2,
    first_factor,
    largest_gradient,
    mean_slope,
    path,
    relative_change,
    residual,
    share,
    weight,
)
from nnscratch.studies.study import Claim, Measurements, Results


def claims(results: Results) -> list[Claim]:
    """Every claim with its number."""
    return [*equal_kernels(results), *saturation(results), *dirac_kernels(results)]


def equal_kernels(results: Results) -> list[Claim]:
    """Unit matrices, and who reads them."""
    asker, equal = results["asker"], results["equal readers"]
    random, noise = results["random readers"], results["a little noise"]
    both = max(weight(equal, path)["spread_after"] for path in (CONV, CONV_2))
    return [
        Claim(
            "The asker's 8 filters are one filter, after training too (different ones)",
            weight(asker, CONV)["distinct_after"],
            "== 1",
        ),
        Claim(
            "They are one although training moved them (against where they began)",
            relative_change(asker, CONV),
            "> 0.01",
        ),
        Claim(
            "One filter in place of the 8 computes the same (largest difference of outputs)",
            asker["distance_to_one_filter"],
            "<= 1e-9",
        ),
        Claim(
            "In front of a zero dense layer both convolutions stay equal (largest difference)",
            both,
            "<= 1e-12",
        ),
        Claim(
            "In front of random dense layers the last convolution separates in step 0 (of 16)",
            weight(random, CONV_2)["distinct"][1],
            "== 16",
        ),
        Claim(
            "The convolution in front of that one never separates (largest difference)",
            weight(random, CONV)["spread_after"],
            "<= 1e-12",
        ),
        Claim(
            "A little noise at the start separates its filters, too (of 8)",
            weight(noise, CONV)["distinct_after"],
            "== 8",
        ),
    ]


def saturation(results: Results) -> list[Claim]:
    """What else large equal kernels do: they add up, and the sigmoid behind them is flat there."""
    second = "conv_2_sigmoid#0"
    unit, random = results["unit, sigmoid"], results["random, sigmoid"]
    factors = sorted(hop["factor"] for hop in path(unit, "first")["hops"])
    return [
        Claim(
            "Unit matrices in 8 channels add up: the second sigmoid is flat (what it lets through)",
            first_factor(unit, second),
            "< 1e-4",
        ),
        Claim(
            "No other call on the way to the first kernels lets so little through (against next)",
            first_factor(unit, second) / factors[1],
            "< 1e-3",
        ),
        Claim(
            "The layers with weights do not dim the gradient there (all their gains together)",
            path(unit, "first")["roles"]["weights"],
            "> 1",
        ),
        Claim(
            "The slopes of that sigmoid, of at most 1/4 (their mean)",
            mean_slope(unit, "conv_2_sigmoid", "first"),
            "< 1e-4",
        ),
        Claim(
            "So both convolutions earn nothing of the fall of the losses (share of their kernels)",
            abs(earned(unit)),
            "< 1e-6",
        ),
        Claim(
            "Behind random kernels they earn something (share of their kernels)",
            earned(random),
            "> 0.003",
        ),
        Claim(
            "Behind random kernels the second sigmoid is not flat (what it lets through)",
            first_factor(random, second),
            "> 0.1",
        ),
        Claim(
            "Behind kernels of ones it lets nothing through: both gradients are 0 (largest)",
            largest_gradient(results["ones, sigmoid"], [CONV, CONV_2]),
            "== 0",
        ),
    ]


def dirac_kernels(results: Results) -> list[Claim]:
    """A partial symmetry, and two cases where there is none."""
    relu, random = results["dirac, relu"], results["random, relu"]
    branch, sigmoid = results["dirac branch"], results["dirac, sigmoid"]
    return [
        Claim(
            "Of 8 dirac kernels on 1 channel min(in, out) = 1 lives, after training too",
            weight(relu, CONV)["live_after"],
            "== 1",
        ),
        Claim(
            "These 8 filters are 2 different ones: the live one, and 7 that stay equal",
            weight(relu, CONV)["distinct_after"],
            "== 2",
        ),
        Claim(
            "Of 16 dirac kernels on those 8 channels min(in, out) = 8 live, after training too",
            weight(relu, CONV_2)["live_after"],
            "== 8",
        ),
        Claim(
            "The network of dirac kernels fits worse than a random one (ratio of the losses)",
            relu["loss_after"] / random["loss_after"],
            "> 1.2",
        ),
        Claim(
            "Its convolutions earn less of the fall of the losses than random ones (their shares)",
            (share(relu, CONV) + share(relu, CONV_2))
            / (share(random, CONV) + share(random, CONV_2)),
            "< 0.7",
        ),
        Claim(
            "The shares add up to the real fall of the losses (larger missing part of both)",
            max(residual(relu), residual(random)),
            "< 0.05",
        ),
        Claim(
            "With the sigmoid zero filters say 1/2 to different readers, and separate (of 8)",
            weight(sigmoid, CONV)["distinct_after"],
            "== 8",
        ),
        Claim(
            "Dirac kernels in a residual branch all differ (of 8)",
            weight(branch, CONV_2)["distinct_after"],
            "== 8",
        ),
        Claim(
            "They do no harm there (accuracy, less that of a random network)",
            branch["accuracy"] - random["accuracy"],
            "> -0.1",
        ),
        Claim(
            "Random kernels all differ (of 8 + 16)",
            weight(random, CONV)["distinct_after"] + weight(random, CONV_2)["distinct_after"],
            "== 24",
        ),
    ]


def earned(measured: Measurements) -> float:
    """The share of both convolutions' kernels in the fall of the batches' losses."""
    return share(measured, CONV) + share(measured, CONV_2)
