"""The layers, one file per family; forward and backward stand side by side."""

from nnscratch.layers.activations import (
    ELU,
    Activation,
    LeakyReLU,
    Linear,
    ReLU,
    Sigmoid,
    Softmax,
    Tanh,
)
from nnscratch.layers.conv import Conv2D
from nnscratch.layers.custom import Lambda
from nnscratch.layers.dense import Dense
from nnscratch.layers.distances import AbsoluteDifference, L1Distance, L2Distance
from nnscratch.layers.dropout import Dropout
from nnscratch.layers.merge import Add, Concatenate, Multiply, Subtract
from nnscratch.layers.normalization import BatchNormalization, UnitNormalization
from nnscratch.layers.pooling import (
    AveragePooling2D,
    GlobalAveragePooling2D,
    GlobalMaxPooling2D,
    MaxPooling2D,
)
from nnscratch.layers.prelu import PReLU
from nnscratch.layers.rarer_activations import (
    SELU,
    Exponential,
    HardSigmoid,
    Softplus,
    Softsign,
)
from nnscratch.layers.reshaping import Flatten, Reshape, ZeroPadding2D

# Keras's second names.
AvgPool2D = AveragePooling2D
GlobalAvgPool2D = GlobalAveragePooling2D
GlobalMaxPool2D = GlobalMaxPooling2D
MaxPool2D = MaxPooling2D

__all__ = [
    "ELU",
    "SELU",
    "AbsoluteDifference",
    "Activation",
    "Add",
    "AveragePooling2D",
    "AvgPool2D",
    "BatchNormalization",
    "Concatenate",
    "Conv2D",
    "Dense",
    "Dropout",
    "Exponential",
    "Flatten",
    "GlobalAveragePooling2D",
    "GlobalAvgPool2D",
    "GlobalMaxPool2D",
    "GlobalMaxPooling2D",
    "HardSigmoid",
    "L1Distance",
    "L2Distance",
    "Lambda",
    "LeakyReLU",
    "Linear",
    "MaxPool2D",
    "MaxPooling2D",
    "Multiply",
    "PReLU",
    "ReLU",
    "Reshape",
    "Sigmoid",
    "Softmax",
    "Softplus",
    "Softsign",
    "Subtract",
    "Tanh",
    "UnitNormalization",
    "ZeroPadding2D",
]
