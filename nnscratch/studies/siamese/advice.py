"""What the siamese study tells the asker: the answer, and what advice is worth."""

from __future__ import annotations

from nnscratch.core.describe import number
from nnscratch.studies.siamese import readings as read
from nnscratch.studies.siamese.training import CALIBRATION
from nnscratch.studies.study import Advice, Measurements, Results

LEARNED = 0.7
"""The accuracy on unseen pairs from which on a remedy counts as one."""


def answer(results: Results) -> str:
    """What to tell the asker, to both questions."""
    return f"{why_biases(results)}\n\n{why_frozen(results)}"


def why_biases(results: Results) -> str:
    """Q1."""
    asker = results["asker"]
    kernels, biases = (
        {what: read.mean(asker, group, what) for what in ("update", "spread", "overlap")}
        for group in ("kernels", "biases")
    )
    both, kernels_alone, biases_alone = (
        read.common_loss(results, name) for name in ("asker", "biases held", "kernels held")
    )
    return (
        "Q1: Your kernels learn, and no gradient vanishes. A step moves kernels by "
        f"{kernels['update']:.2g} and biases by {biases['update']:.2g} (rms), but kernels "
        f"start from a spread of {kernels['spread']:.2g} and biases from exactly 0. So a "
        f"histogram hides the one and shows the other: {kernels['overlap']:.0%} of its area is the "
        f"same before and after, of the biases' {biases['overlap']:.0%}. The kernels earn "
        f"{read.share(asker, 'kernels'):.0%} of the fall of the loss, all their biases "
        f"{read.share(asker, 'biases'):.1%}. After {read.common_epochs(results)} epochs in which "
        f"biases learn alone the loss is {biases_alone:.2f}; kernels alone come to "
        f"{kernels_alone:.2f}, and both to {both:.2f}."
    )


def why_frozen(results: Results) -> str:
    """Q2."""
    asker, other = results["asker"], results["other sign"]
    (before, after), (_, centred) = (
        read.while_frozen(asker, what) for what in ("ranking", "centred")
    )
    return (
        "Q2: Your logit is w d + b, so accuracy asks whether a distance d is below -b/w. That "
        "starts at 0, where no distance is, and b moves by no more than the learning rate per "
        f"step: for {read.frozen_steps(asker)} steps all pairs get one answer, accuracy exactly "
        f"0.5. Meanwhile the share of unseen pairs ranked right goes from {before:.2f} to "
        f"{after:.2f}, and a threshold at the median distance is right on {centred:.2f}. When the "
        "threshold reaches the distances it sweeps through them, and accuracy rises. If w happens "
        "to start positive, loss and accuracy look the same, but the ranking ends at "
        f"{other['unseen']['ranking'][-1]:.2f}. Start w and b where the distances are (w = -1 / "
        f"std, b = mean / std of the distances of {CALIBRATION} pairs): "
        f"{read.common_accuracy(results, 'calibrated'):.2f} right after "
        f"{read.common_epochs(results)} epochs, where yours has "
        f"{read.common_accuracy(results, 'asker'):.2f}."
    )


def advice(results: Results) -> list[Advice]:
    """What such questions are answered."""
    asker, ways = results["asker"], results["asker"]["gradients"]
    slopes = [hop["factor"] for hop in ways["way"] if hop["role"] == "activation"]
    reached = ways["first"][0] / ways["last"][0]
    last = read.last_bias(asker)
    stuck, logits = results["raw, clipped"], results["raw pixels"]
    return [
        Advice(
            "The gradient vanishes.",
            "not the cause",
            f"At the first convolution its norm is {reached:.2f} of that at the "
            f"last; the ELUs' factors are {min(slopes):.2f} to {max(slopes):.2f}. The one "
            f"weight with hardly a gradient is {last}: it moves both embeddings alike, so the "
            f"branches cancel to {read.kept(ways['shares'][last]):.1%}, exactly to 0 in "
            f"{ways['blind'][0]:.0%} of the features. Adam moves it all the same, by "
            f"{number(read.weight(asker, last)['moved'])} in all, for "
            f"{asker['ledger']['shares'][last]:.1%} of the fall of the loss.",
        ),
        Advice(
            "Lower the learning rate.",
            "makes it worse",
            f"b walks at the learning rate. At a tenth of it, {stays(results, 'rate / 10')}. At "
            f"ten times the rate, {stays(results, 'rate x 10')}.",
        ),
        Advice(
            "Add batch normalisation.",
            verdict(results, "batch norm"),
            "It makes the first distances of a batch larger, the first epoch's loss is "
            f"{results['batch norm']['history']['loss'][0]:.2f}; {stays(results, 'batch norm')}.",
        ),
        Advice(
            "Initialise better, by He's method.",
            verdict(results, "He"),
            f"Larger kernels make larger distances, too; {stays(results, 'He')}.",
        ),
        Advice(
            "Use ReLU instead of ELU.",
            verdict(results, "ReLU"),
            f"The threshold starts at 0 as before; {stays(results, 'ReLU')}.",
        ),
        Advice(
            "Make the distance smaller: mean instead of sum, embeddings of length 1, small w.",
            verdict(results, "mean distance", "half right"),
            "The first loss is smaller, but the threshold still starts at 0. With the mean, "
            f"{stays(results, 'mean distance')}; with length 1, {stays(results, 'unit length')}; "
            f"with w = -0.05, {stays(results, 'small w')}.",
        ),
        Advice(
            "Use the contrastive loss.",
            verdict(results, "contrastive"),
            f"Its threshold, half the margin, is where it wants the distances: "
            f"{stays(results, 'contrastive')}.",
        ),
        Advice(
            "Let the loss read logits.",
            "supported",
            "Keras recovers them from a sigmoid at the end. Where it cannot, they are clipped: "
            f"with pixels of 0..255 the loss stays at {stuck['history']['loss'][-1]:.3f} = 16.118 "
            "/ 2 and every gradient is exactly 0; on logits it falls to "
            f"{logits['history']['loss'][-1]:.2f}.",
        ),
    ]


def stays(results: Results, name: str) -> str:
    """When a variant's answers begin to differ, and how right they are in the end, in words."""
    measured: Measurements = results[name]
    since = (
        f"all answers stay equal for {measured['updates']} steps"
        if measured["left"] is None
        else f"answers differ from step {measured['left']} on"
    )
    return f"{since} (accuracy {measured['unseen']['accuracy'][-1]:.2f})"


def verdict(results: Results, name: str, otherwise: str = "no help") -> str:
    """What is to be said of a remedy, as its accuracy on unseen pairs decides."""
    return "verified" if results[name]["unseen"]["accuracy"][-1] > LEARNED else otherwise
