"""What predicts-the-mean tells the asker: the answer, and what was observed and advised."""

from __future__ import annotations

from nnscratch.core.describe import number
from nnscratch.studies.predicts_the_mean import readings as read
from nnscratch.studies.predicts_the_mean.early_batch_norm import SPREAD
from nnscratch.studies.study import Advice, Results


def answer(results: Results) -> str:
    """What to tell the asker."""
    asker, adam, fast = (results[n] for n in ("asker", "asker, adam", "asker, rate x 30"))
    today, shuffled = results["today, rate x 30"], results["shuffled"]
    return (
        "A bias alone can predict the mean, so it says only that nothing else gets through: find "
        "out what. Your 0.5 comes from the batch norm of Keras 0.3, whose gammas start within "
        f"{SPREAD}: together they multiply gradient and signal by some "
        f"{read.passed(asker, 'norm'):.0e}. Moreover it normalises every unit by running averages, "
        f"in training too. With SGD it is at the mean after {asker['updates']} updates (error "
        f"{read.error(asker, 'unseen'):.2f} of the best constant's); with larger steps values lie "
        f"{fast['after']['farthest']:.0f} deviations out, and all answers become one. Adam learns "
        f"with it ({read.error(adam, 'unseen'):.2f}), and today's batch norm at that larger rate "
        f"({read.error(today, 'unseen'):.2f}). If yours learns with neither, ask whether your "
        "targets follow from your inputs: shuffle them. The shuffled twin ends at "
        f"{read.error(shuffled, 'unseen'):.2f} on unseen rows, and a loss that is no lower has "
        "found nothing. A linear fit knows that in a second."
    )


def advice(results: Results) -> list[Advice]:
    """What the asker observed, and what such questions are answered."""
    return [*observations(results), *remedies(results)]


def observations(results: Results) -> list[Advice]:
    """The asker's other questions."""
    asker, relu, healthy = (results[name] for name in ("asker", "asker, relu", "healthy"))
    one, absolute = results["small, one target"], results["small, absolute"]
    first, last = read.ratio(healthy, "conv_1"), read.ratio(healthy, "output")
    return [
        Advice(
            "Before training everything is 0.5, probably because of batch norm.",
            "supported",
            "Before training its averages are 0 and 1, so that it multiplies by gamma and nothing "
            f"else. With gammas within {SPREAD} the largest distance from 0.5 is "
            f"{number(asker['distance_from_half'])} in float32, with gammas of 1 it is "
            f"{healthy['distance_from_half']:.2f}.",
        ),
        Advice(
            "The change gets smaller as it goes back.",
            "true, and harmless",
            f"In a healthy network, too: a step moves the first kernel by {first:.1e} of itself, "
            f"the last by {last:.1e}. Adam moves all weights alike, and He's initialisation "
            f"makes those of few inputs larger: {read.size(healthy, 'conv_1'):.2f} against "
            f"{read.size(healthy, 'output'):.2f}.",
        ),
        Advice(
            "get_weights() returns [kernel, bias], and biases start at 0.",
            "supported",
            f"The first two weights have {' and '.join(map(str, read.order(asker)))} axes, and the "
            f"largest bias is {asker['largest_first_bias']:g}.",
        ),
        Advice(
            "With ReLU the gradient vanishes.",
            "not because of ReLU",
            "PReLU starts with slopes of 0: it is ReLU, and in the first step all gradients are "
            f"equal to the bit. The two end at errors of {read.error(asker, 'unseen'):.2f} and "
            f"{read.error(relu, 'unseen'):.2f}. The batch norms dim the gradient to "
            f"{read.passed(asker, 'norm'):.0e}, the ReLUs to "
            f"{read.passed(relu, 'activation'):.2f}.",
        ),
        Advice(
            "One target, or another loss, gives the same.",
            "so it should",
            "Neither changes what gets through. With small gammas and slow averages one target "
            f"ends at {read.error(one, 'inference'):.2f} in inference and at "
            f"{read.error(one, 'training'):.2f} in training mode, absolute errors at "
            f"{read.error(absolute, 'inference'):.2f} and {read.error(absolute, 'training'):.2f}.",
        ),
    ]


def remedies(results: Results) -> list[Advice]:
    """What such questions are answered, each tried where it should help."""
    asker, adam, healthy = (results[name] for name in ("asker", "asker, adam", "healthy"))
    tiny, standardised = results["tiny inputs"], results["tiny, standardised"]
    fast, linear = results["rate x 1000"], results["rate x 1000, linear"]
    small, quick = results["small gammas"], results["small, momentum 0.9"]
    none, penalty = results["no batch norm"], results["penalty"]
    return [
        Advice(
            "Standardise the inputs.",
            "supported, if they are tiny",
            "Pixels of 1e-12 vanish in the epsilon of batch norm, which passes on a deviation of "
            f"{number(tiny['before']['restored'])}: training mode ends at "
            f"{read.error(tiny, 'training'):.3f}, and standardised at "
            f"{read.error(standardised, 'training'):.2f}.",
        ),
        Advice(
            "Lower the learning rate.",
            "supported, if sigmoids are flat",
            f"At 1 their mean slope is {number(fast['after']['slope'])}, and the error "
            f"{read.error(fast, 'inference'):.0f}; at 0.001 they are "
            f"{healthy['after']['slope']:.2f} and {read.error(healthy, 'inference'):.2f}.",
        ),
        Advice(
            "Leave out the sigmoid.",
            "no help",
            f"At that rate the error without it is {read.error(linear, 'inference'):.0e}.",
        ),
        Advice(
            "Leave out batch norm, or let its averages be faster.",
            "supported, if the modes differ",
            "Small gammas leave small variances, and slow averages divide by what is left of the "
            f"first 1: the error is {read.error(small, 'training'):.2f} in training mode and "
            f"{read.error(small, 'inference'):.2f} in inference. With momentum 0.9 that is "
            f"{read.error(quick, 'inference'):.2f}, without batch norm "
            f"{read.error(none, 'inference'):.2f}. In Keras 0.3 both modes are one function, so it "
            "cannot have been this.",
        ),
        Advice(
            "Try another optimizer.",
            "supported, for that batch norm",
            f"After {asker['updates']} updates SGD ends at {read.error(asker, 'unseen'):.2f}, and "
            f"Adam at {read.error(adam, 'unseen'):.2f}.",
        ),
        Advice(
            "Leave out the L2 penalty.",
            "worth a try",
            "Kernels in front of batch norm shrink without changing what it computes, and the "
            f"averages lag behind: at 0.01 the error is {read.error(penalty, 'training'):.2f} in "
            f"training mode and {read.error(penalty, 'inference'):.2f} in inference, without it "
            f"{read.error(healthy, 'training'):.2f} and {read.error(healthy, 'inference'):.2f}.",
        ),
        Advice(
            "Check the targets.",
            "do that first",
            f"A linear function of the pixels explains {healthy['linear']:.0%} of unseen targets, "
            f"and nothing of shuffled ones ({results['shuffled']['linear']:.0%}).",
        ),
    ]
