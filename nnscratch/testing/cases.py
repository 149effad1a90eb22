"""The conformance cases: one line for each way in which a layer of nnscratch is checked.

Everybody may run them, on any backend: `for case in CASES: check_layer(...)`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

import nnscratch.layers as nn
from nnscratch.core.layer import Layer, Shape
from nnscratch.kernels.ops import Array


@dataclass(frozen=True)
class Case:
    """A layer, and what it is run on."""

    name: str
    """What it is, for messages: unique in `CASES`."""
    layer: Layer
    in_shapes: tuple[Shape, ...]
    """Shapes of its inputs, without the batch axis."""
    training: bool = True
    """Whether it is run as in training or as at inference."""

    def __str__(self) -> str:
        return self.name


def case(layer: Layer, *in_shapes: Shape, training: bool = True) -> Case:
    """A case that is named by what it says: "ReLU() on (3,)"."""
    mode = "" if training else ", inference"
    listed = " and ".join(map(str, in_shapes))
    return Case(f"{layer!r} on {listed}{mode}", layer, in_shapes, training)


def square(x: Array) -> Array:
    """A function for a Lambda ..."""
    return x * x


def square_gradient(dy: Array, x: Array) -> Array:
    """... and its derivative."""
    return 2 * x * dy


def projection(a: Array, b: Array) -> Array:
    """A function of two inputs that changes the shape ..."""
    lengths: Array = np.sum(a * b, axis=-1)  # (N, ...)
    return lengths


def projection_gradients(dy: Array, a: Array, b: Array) -> tuple[Array, Array]:
    """... and its derivatives."""
    return dy[..., None] * b, dy[..., None] * a


CASES: tuple[Case, ...] = (
    # convolution: stride, padding, dilation, groups, even and oblong kernels
    case(nn.Conv2D(3, 3), (5, 7, 2)),
    case(nn.Conv2D(1, 1), (1, 1, 1)),
    case(nn.Conv2D(4, 1), (3, 2, 5)),
    case(nn.Conv2D(3, 3, use_bias=False), (4, 5, 2)),
    case(nn.Conv2D(3, 3, activation="tanh"), (4, 5, 2)),
    case(nn.Conv2D(2, (4, 6)), (4, 6, 3)),
    case(nn.Conv2D(2, 2), (5, 4, 3)),
    case(nn.Conv2D(2, (2, 3), strides=(1, 2)), (4, 7, 2)),
    case(nn.Conv2D(2, (3, 2), strides=3), (8, 6, 2)),
    case(nn.Conv2D(2, 1, strides=2), (5, 4, 3)),
    case(nn.Conv2D(2, 3, padding="same"), (5, 4, 2)),
    case(nn.Conv2D(2, 2, padding="same"), (5, 4, 2)),
    case(nn.Conv2D(2, (4, 1), padding="same"), (3, 5, 2)),
    case(nn.Conv2D(2, 5, padding="same"), (2, 3, 2)),
    case(nn.Conv2D(2, 3, strides=2, padding="same"), (6, 5, 2)),
    case(nn.Conv2D(2, 2, strides=(2, 1), padding="same"), (5, 6, 2)),
    case(nn.Conv2D(2, (1, 4), strides=(3, 2), padding="same"), (7, 6, 2)),
    case(nn.Conv2D(2, 3, dilation_rate=2), (6, 7, 2)),
    case(nn.Conv2D(2, (2, 3), dilation_rate=(3, 1)), (5, 4, 2)),
    case(nn.Conv2D(2, 2, padding="same", dilation_rate=2), (4, 5, 2)),
    case(nn.Conv2D(2, 3, strides=2, padding="same", dilation_rate=(1, 2)), (6, 7, 2)),
    case(nn.Conv2D(4, 3, groups=2), (4, 5, 6)),
    case(nn.Conv2D(6, 2, groups=3, padding="same"), (3, 4, 3)),
    case(nn.Conv2D(4, (2, 3), strides=(1, 2), groups=2, dilation_rate=(2, 1)), (5, 6, 4)),
    case(nn.Conv2D(3, 3, kernel_initializer="zeros", bias_initializer="ones"), (4, 5, 2)),
    # convolution: of each channel by itself, and the way back
    case(nn.DepthwiseConv2D(3), (5, 7, 2)),
    case(nn.DepthwiseConv2D((2, 3), strides=(1, 2), depth_multiplier=3), (4, 7, 2)),
    case(nn.DepthwiseConv2D(3, padding="same", dilation_rate=2, use_bias=False), (4, 5, 3)),
    case(nn.DepthwiseConv2D(2, activation="elu"), (3, 4, 2)),
    case(nn.SeparableConv2D(4, 3), (5, 7, 2)),
    case(nn.SeparableConv2D(2, (2, 3), depth_multiplier=2, use_bias=False), (4, 5, 3)),
    case(nn.SeparableConv2D(3, 3, strides=2, padding="same", activation="tanh"), (4, 5, 2)),
    case(nn.Conv2DTranspose(3, 3), (3, 4, 2)),
    case(nn.Conv2DTranspose(2, (2, 3), strides=(3, 2), use_bias=False), (3, 4, 2)),
    case(nn.Conv2DTranspose(2, (1, 4), strides=(3, 2), padding="same"), (2, 3, 3)),
    case(nn.Conv2DTranspose(2, 3, strides=2, padding="same", output_padding=(0, 1)), (3, 2, 2)),
    case(nn.Conv2DTranspose(2, 2, strides=2, output_padding=1, dilation_rate=2), (3, 2, 2)),
    case(nn.Conv2DTranspose(2, 3, activation="relu"), (2, 3, 2)),
    # dense
    case(nn.Dense(4), (3,)),
    case(nn.Dense(1), (1,)),
    case(nn.Dense(4, use_bias=False), (3,)),
    case(nn.Dense(2, activation="sigmoid"), (3,)),
    case(nn.Dense(4), (2, 3, 5)),
    # pooling: overlapping, gapped, padded and oblong windows
    case(nn.MaxPooling2D(), (4, 6, 2)),
    case(nn.MaxPooling2D(), (5, 7, 2)),
    case(nn.MaxPooling2D(3, strides=2), (7, 6, 2)),
    case(nn.MaxPooling2D((2, 3), strides=(3, 1)), (6, 5, 2)),
    case(nn.MaxPooling2D(2, strides=3), (6, 5, 2)),
    case(nn.MaxPooling2D(padding="same"), (5, 4, 2)),
    case(nn.MaxPooling2D(3, strides=1, padding="same"), (4, 5, 2)),
    case(nn.MaxPooling2D((4, 2), strides=(2, 1), padding="same"), (5, 3, 2)),
    case(nn.AveragePooling2D(2), (4, 6, 2)),
    case(nn.AveragePooling2D(3, strides=2), (7, 6, 2)),
    case(nn.AveragePooling2D((2, 3), strides=(3, 1)), (6, 5, 2)),
    case(nn.AveragePooling2D(2, padding="same"), (5, 4, 2)),
    case(nn.AveragePooling2D(3, strides=1, padding="same"), (4, 5, 2)),
    case(nn.AveragePooling2D((4, 2), strides=(2, 1), padding="same"), (5, 3, 2)),
    case(nn.GlobalMaxPooling2D(), (4, 3, 2)),
    case(nn.GlobalMaxPooling2D(keepdims=True), (4, 3, 2)),
    case(nn.GlobalAveragePooling2D(), (4, 3, 2)),
    case(nn.GlobalAveragePooling2D(keepdims=True), (4, 3, 2)),
    # shape
    case(nn.ZeroPadding2D(), (3, 4, 2)),
    case(nn.ZeroPadding2D((2, 0)), (3, 4, 2)),
    case(nn.ZeroPadding2D(((1, 0), (2, 3))), (3, 4, 2)),
    case(nn.Cropping2D(), (3, 4, 2)),
    case(nn.Cropping2D(((1, 0), (2, 1))), (3, 5, 2)),
    case(nn.UpSampling2D(), (2, 3, 2)),
    case(nn.UpSampling2D((3, 1)), (2, 3, 2)),
    case(nn.UpSampling2D((2, 3), interpolation="bilinear"), (3, 2, 2)),
    case(nn.UpSampling2D(4, interpolation="bilinear"), (1, 2, 1)),
    case(nn.Flatten(), (3, 4, 2)),
    case(nn.Flatten(), (5,)),
    case(nn.Flatten(), ()),
    case(nn.Reshape((4, 6)), (3, 4, 2)),
    case(nn.Reshape((2, -1, 3)), (12,)),
    case(nn.Permute((3, 1, 2)), (2, 3, 4)),
    case(nn.RepeatVector(3), (4,)),
    # normalisation
    case(nn.BatchNormalization(), (4,)),
    case(nn.BatchNormalization(), (4,), training=False),
    case(nn.BatchNormalization(), (3, 4, 2)),
    case(nn.BatchNormalization(), (3, 4, 2), training=False),
    case(nn.BatchNormalization(trainable=False), (3, 4, 2)),
    case(nn.BatchNormalization(axis=3), (3, 4, 2)),
    case(nn.BatchNormalization(axis=1), (3, 4, 2)),
    case(nn.BatchNormalization(axis=1), (3, 4, 2), training=False),
    case(nn.BatchNormalization(axis=-2), (3, 4, 2)),
    case(nn.BatchNormalization(momentum=0.5, epsilon=0.1), (5,)),
    case(nn.BatchNormalization(center=False), (3, 2)),
    case(nn.BatchNormalization(scale=False), (3, 2)),
    case(nn.BatchNormalization(center=False, scale=False), (3, 2)),
    case(nn.BatchNormalization(center=False, scale=False), (3, 2), training=False),
    case(nn.UnitNormalization(), (4,)),
    case(nn.UnitNormalization(axis=1), (3, 4, 2)),
    case(nn.LayerNormalization(), (4,)),
    case(nn.LayerNormalization(axis=(1, -1), epsilon=0.1), (3, 4, 2)),
    case(nn.LayerNormalization(axis=2, center=False), (3, 4, 2)),
    case(nn.LayerNormalization(scale=False), (3, 4)),
    case(nn.GroupNormalization(2), (3, 4, 6)),
    case(nn.GroupNormalization(1), (4,)),
    case(nn.GroupNormalization(-1, axis=1, scale=False), (3, 4, 2)),
    case(nn.GroupNormalization(3, axis=-2, center=False, epsilon=0.1), (2, 6, 2)),
    # noise
    case(nn.Dropout(0.5), (4, 5)),
    case(nn.Dropout(0.2, seed=3), (4, 5)),
    case(nn.Dropout(0.0), (4, 5)),
    case(nn.Dropout(0.5), (4, 5), training=False),
    case(nn.SpatialDropout2D(0.5), (2, 3, 4)),
    case(nn.SpatialDropout2D(0.5, seed=3), (2, 3, 4), training=False),
    case(nn.GaussianNoise(0.3), (4, 5)),
    case(nn.GaussianNoise(0.3, seed=3), (5,)),
    case(nn.GaussianNoise(0.3), (4, 5), training=False),
    # augmentation
    case(nn.RandomFlip(), (3, 4, 2)),
    case(nn.RandomFlip("horizontal", seed=3), (3, 4, 2)),
    case(nn.RandomFlip("vertical"), (3, 4, 2), training=False),
    case(nn.RandomTranslation(0.5, (0.2, 0.9)), (4, 5, 2)),
    case(nn.RandomTranslation(0.5, 0.5, "nearest"), (4, 5, 2)),
    case(nn.RandomTranslation((-0.6, 0.0), 0.5, "wrap", seed=3), (4, 5, 2)),
    case(nn.RandomTranslation(0.5, 0.5, "constant", fill_value=0.3), (4, 5, 2)),
    case(nn.RandomTranslation(0.5, 0.5), (4, 5, 2), training=False),
    case(nn.RandomCrop(2, 3), (5, 4, 2)),
    case(nn.RandomCrop(2, 3, seed=3), (5, 4, 2), training=False),
    # activations
    case(nn.ReLU(), (4, 5)),
    case(nn.ReLU(max_value=1.0), (4, 5)),
    case(nn.ReLU(negative_slope=0.1, threshold=0.5), (4, 5)),
    case(nn.ReLU(max_value=1.0, negative_slope=0.1, threshold=0.5), (4, 5)),
    case(nn.LeakyReLU(), (4, 5)),
    case(nn.LeakyReLU(0.0), (4, 5)),
    case(nn.PReLU(), (3, 4)),
    case(nn.PReLU("ones", shared_axes=[1, 2]), (3, 4, 2)),
    case(nn.PReLU(shared_axes=3), (3, 4, 2)),
    case(nn.ELU(), (4, 5)),
    case(nn.ELU(0.5), (4, 5)),
    case(nn.Sigmoid(), (4, 5)),
    case(nn.Tanh(), (4, 5)),
    case(nn.Softplus(), (4, 5)),
    case(nn.Softsign(), (4, 5)),
    case(nn.Exponential(), (4, 5)),
    case(nn.SELU(), (4, 5)),
    case(nn.HardSigmoid(), (4, 5)),
    case(nn.SiLU(), (4, 5)),
    case(nn.GELU(), (4, 5)),
    case(nn.GELU(approximate=True), (4, 5)),
    case(nn.Softmax(), (4,)),
    case(nn.Softmax(axis=1), (4, 5, 2)),
    case(nn.LogSoftmax(), (4,)),
    case(nn.LogSoftmax(axis=1), (4, 5, 2)),
    case(nn.Linear(), (4, 5)),
    case(nn.Activation("elu"), (4, 5)),
    case(nn.Activation("leaky_relu"), (4, 5)),
    case(nn.Activation("linear"), (4, 5)),
    case(nn.Activation("relu"), (4, 5)),
    case(nn.Activation("sigmoid"), (4, 5)),
    case(nn.Activation("softmax"), (4, 5)),
    case(nn.Activation("tanh"), (4, 5)),
    # several inputs
    case(nn.Add(), (3, 4), (3, 4)),
    case(nn.Add(), (3,), (3,), (3,)),
    case(nn.Average(), (3, 4), (3, 4)),
    case(nn.Average(), (3,), (3,), (3,)),
    case(nn.Subtract(), (3, 4), (3, 4)),
    case(nn.Multiply(), (3, 4), (3, 4)),
    case(nn.Multiply(), (3,), (3,), (3,)),
    case(nn.Maximum(), (3, 4), (3, 4)),
    case(nn.Maximum(), (3,), (3,), (3,)),
    case(nn.Minimum(), (3, 4), (3, 4)),
    case(nn.Minimum(), (3,), (3,), (3,)),
    case(nn.Dot(1), (4,), (4,)),
    case(nn.Dot((1, 2)), (3, 5), (4, 3)),
    case(nn.Dot((2, -1)), (2, 3, 4), (3,)),
    case(nn.Dot(-1, normalize=True), (2, 3), (4, 3)),
    case(nn.Concatenate(), (3, 4), (3, 2)),
    case(nn.Concatenate(axis=1), (1, 4, 2), (3, 4, 2), (2, 4, 2)),
    case(nn.AbsoluteDifference(), (3, 4), (3, 4)),
    case(nn.L1Distance(), (4,), (4,)),
    case(nn.L1Distance(), (3, 4), (3, 4)),
    case(nn.L2Distance(), (4,), (4,)),
    case(nn.L2Distance(), (3, 4), (3, 4)),
    # the user's own
    case(nn.Lambda(square, square_gradient), (3, 4)),
    case(nn.Lambda(projection, projection_gradients), (3, 4), (3, 4)),
)
