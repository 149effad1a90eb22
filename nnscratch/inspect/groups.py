"""What a parameter is: a kernel, a bias, or a parameter of a normalisation."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nnscratch.core.step import Step

GROUPS = ("kernels", "biases", "norm parameters", "others")


def group_of(step: Step, path: str) -> str:
    """The group of a parameter, by what its layer does and by its own shape: names do not count.

    Of a layer that weighs its input ("weights"), kernels have several axes and biases one. What a
    layer of another role learns, such as the slopes of PReLU, is one of the others.
    """
    layer = path.rpartition("/")[0]
    role = step.calls.calls_of(layer)[0].layer.role
    if role == "norm":
        return "norm parameters"
    if role != "weights":
        return "others"
    return "kernels" if step.before[path].ndim > 1 else "biases"
