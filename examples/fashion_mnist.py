"""A LeNet-like network on Fashion-MNIST: two epochs, about 0.89 of the test images right.

Run it with `python examples/fashion_mnist.py`; the images come from Debian's package
dataset-fashion-mnist, from a folder that NNSCRATCH_FASHION_MNIST names, or from a download.
"""

from __future__ import annotations

import nnscratch as nn

EPOCHS, BATCH = 2, 64


def lenet() -> nn.Model:
    """Two convolutions and three dense layers, as LeCun et al. 1998, with ReLU and max pooling."""
    return nn.Sequential(
        [
            nn.Input((28, 28, 1)),
            nn.Conv2D(16, 5, padding="same", activation="relu"),
            nn.MaxPooling2D(),
            nn.Conv2D(32, 5, activation="relu"),
            nn.MaxPooling2D(),
            nn.Flatten(),
            nn.Dense(120, activation="relu"),
            nn.Dense(84, activation="relu"),
            nn.Dense(10, activation="softmax"),
        ],
        name="lenet",
        seed=0,
    )


def main() -> float:
    """Train, print a line per epoch, and return the accuracy on the test images."""
    (x, y), test = nn.datasets.fashion_mnist()
    model = lenet()
    rate = nn.schedules.CosineDecay(0.002, decay_steps=EPOCHS * -(-len(x) // BATCH))
    model.compile(nn.Adam(rate), "sparse_categorical_crossentropy", ["accuracy"])
    history = model.fit(x, y, BATCH, EPOCHS, verbose=2, validation_data=test)
    return history.history["val_accuracy"][-1]


if __name__ == "__main__":
    main()
