"""The claims of the study predicts-the-mean."""

from __future__ import annotations

from nnscratch.studies.predicts_the_mean import readings as read
from nnscratch.studies.study import Claim, Results

EXPECTED = {
    "healthy": read.LEARNS,
    "asker, adam": read.LEARNS,
    "shuffled": "the data",
    "tiny inputs": "a lost signal",
    "rate x 1000": "flat sigmoids",
    "small gammas": "the averages",
    "slow averages": "the averages",
}
"""What is wrong with a variant, by how it was made."""


def claims(results: Results) -> list[Claim]:
    """Every claim with its number."""
    return [
        *observations(results),
        *early_batch_norm(results),
        *look_alikes(results),
        *moving_averages(results),
    ]


def observations(results: Results) -> list[Claim]:
    """What the asker saw beside the symptom."""
    asker, relu, healthy = (results[name] for name in ("asker", "asker, relu", "healthy"))
    kernel, bias = read.order(asker)
    return [
        Claim(
            "Before training the asker's network says 0.5 to the last bit (largest distance)",
            asker["distance_from_half"],
            "== 0",
        ),
        Claim(
            "With gammas of 1 a network says something else before training (largest distance)",
            healthy["distance_from_half"],
            "> 0.1",
        ),
        Claim(
            "In the first step the asker's batch norms let hardly anything back (product)",
            read.passed(asker, "norm"),
            "< 1e-6",
        ),
        Claim(
            "A healthy network's batch norms dim no gradient (product)",
            read.passed(healthy, "norm"),
            "> 0.1",
        ),
        Claim(
            "In a healthy network, too, the first kernel moves less than the last (ratio)",
            read.steepness(healthy),
            "< 0.7",
        ),
        Claim(
            "PReLU begins as ReLU: in the first step all gradients are equal (largest difference)",
            read.first_gradients_apart(asker, relu),
            "== 0",
        ),
        Claim("get_weights() begins with a kernel (axes)", kernel, "== 4"),
        Claim("The second array of get_weights() is a bias (axes)", bias, "== 1"),
        Claim("All biases begin at 0 (largest)", asker["largest_first_bias"], "== 0"),
    ]


def early_batch_norm(results: Results) -> list[Claim]:
    """The batch norm of the asker's Keras: running averages in training too, for every unit."""
    asker, adam, fast, today = (
        results[name] for name in ("asker", "asker, adam", "asker, rate x 30", "today, rate x 30")
    )
    return [
        Claim(
            "In Keras 0.3 both modes are one function, so no average lags (largest difference)",
            asker["answers"]["gap"],
            "== 0",
        ),
        Claim(
            "With SGD the asker's network is no better than the mean (error of unseen rows)",
            read.error(asker, "unseen"),
            "> 0.9",
        ),
        Claim(
            "With Adam the asker's network learns in as many steps (error of unseen rows)",
            read.error(adam, "unseen"),
            "< 0.6",
        ),
        Claim(
            # Values run away until no unit lets anything through, or almost none: rounding decides.
            "With SGD at 30 times the rate the asker's network answers with a constant (spread)",
            read.spread(fast, "inference"),
            "< 0.05",
        ),
        Claim(
            "At that rate values lie farther out than batch moments allow (times sqrt(N - 1))",
            read.beyond(fast),
            "> 2",
        ),
        Claim(
            "Today's batch norm learns at 30 times the rate (error in inference)",
            read.error(today, "inference"),
            "< 0.6",
        ),
    ]


def look_alikes(results: Results) -> list[Claim]:
    """Other networks that answer with a constant, and a healthy one."""
    healthy, shuffled, tiny, standardised, fast, linear = (
        results[name]
        for name in (
            *("healthy", "shuffled", "tiny inputs", "tiny, standardised"),
            *("rate x 1000", "rate x 1000, linear"),
        )
    )
    named = sum(read.cause(results[name]) == cause for name, cause in EXPECTED.items())
    return [
        Claim(
            "A healthy network does better than the mean (error of unseen rows)",
            read.error(healthy, "unseen"),
            "< 0.8",
        ),
        Claim(
            "With shuffled targets no unseen row is predicted better than by the mean (error)",
            read.error(shuffled, "unseen"),
            "> 0.95",
        ),
        Claim(
            "A linear answer explains nothing of shuffled targets (part explained)",
            shuffled["linear"],
            "< 0.1",
        ),
        Claim(
            "A linear answer explains much of the real targets (part explained)",
            healthy["linear"],
            "> 0.3",
        ),
        Claim(
            "Inputs of 1e-12 are lost in epsilon: what batch norm makes of them (deviation)",
            tiny["before"]["restored"],
            "< 1e-6",
        ),
        Claim(
            "With inputs of 1e-12 training mode predicts the mean (distance of its error from 1)",
            abs(read.error(tiny, "training") - 1),
            "< 0.02",
        ),
        Claim(
            "Inputs of 1e-12 can be learned once they are standardised (error in training mode)",
            read.error(standardised, "training"),
            "< 0.7",
        ),
        Claim(
            "With Adam at a rate of 1 the sigmoids are flat (mean slope)",
            fast["after"]["slope"],
            "< 1e-3",
        ),
        Claim(
            "With Adam at a rate of 1 it is worse than the mean (error)",
            read.error(fast, "inference"),
            "> 1.1",
        ),
        Claim(
            "With Adam at a rate of 1 and no sigmoid it is no better than the mean (error)",
            read.error(linear, "inference"),
            "> 1",
        ),
        Claim(
            f"The measurements alone name the right cause (of {len(EXPECTED)} variants)",
            named,
            f"== {len(EXPECTED)}",
        ),
    ]


def moving_averages(results: Results) -> list[Claim]:
    """Small gammas and slow averages, in today's batch norm."""
    small, one, absolute, fast, slow, none = (
        results[name]
        for name in (
            *("small gammas", "small, one target", "small, absolute"),
            *("small, momentum 0.9", "slow averages", "no batch norm"),
        )
    )
    return [
        Claim(
            "With small gammas and slow averages training mode learns (error)",
            read.error(small, "training"),
            "< 0.5",
        ),
        Claim(
            "With small gammas and slow averages inference predicts the mean (error)",
            read.error(small, "inference"),
            "> 0.95",
        ),
        Claim(
            "With small gammas and slow averages it says the same of every image (largest spread)",
            max(read.spread(m, "inference") for m in (small, one, absolute)),
            "< 0.05",
        ),
        Claim(
            "With one target, or absolute errors, inference predicts the mean, too (smaller error)",
            min(read.error(m, "inference") for m in (one, absolute)),
            "> 0.95",
        ),
        Claim(
            "Slow averages alone answer wrongly, but not with a constant (spread)",
            read.spread(slow, "inference"),
            "> 0.3",
        ),
        Claim(
            "With small gammas and fast averages inference learns, too (error)",
            read.error(fast, "inference"),
            "< 0.5",
        ),
        Claim(
            "Without batch norm both modes are one function (largest difference)",
            none["answers"]["gap"],
            "== 0",
        ),
        Claim(
            "Without batch norm the same network learns (error)",
            read.error(none, "inference"),
            "< 0.8",
        ),
    ]
