"""The same networks in PyTorch, as one writes them there: NCHW, eager or compiled."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from benchmarks import rivals


class TorchNet(NamedTuple):
    """A network and its loss, of the network's outputs and the targets."""

    build: Callable[[], nn.Module]
    loss: Callable[..., Tensor]


def lenet() -> nn.Module:
    """See `nets.lenet`; the loss has the softmax."""
    return nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2),
        nn.Tanh(),
        nn.AvgPool2d(2),
        nn.Conv2d(6, 16, 5),
        nn.Tanh(),
        nn.AvgPool2d(2),
        nn.Flatten(),
        nn.Linear(400, 120),
        nn.Tanh(),
        nn.Linear(120, 84),
        nn.Tanh(),
        nn.Linear(84, 10),
    )


class Siamese(nn.Module):
    """See `nets.siamese`."""

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        channels = 3
        for group in ((64, 64), (128, 128), (256,), (512,), (1024,)):
            for filters in group:
                layers += [nn.Conv2d(channels, filters, 3, padding=1), nn.ELU()]
                channels = filters
            layers.append(nn.MaxPool2d(2))
        layers[-1] = nn.AdaptiveMaxPool2d(1)
        self.embedder = nn.Sequential(*layers, nn.Flatten())
        self.output = nn.Linear(1, 1)

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        """The logits of pairs, (N, 1)."""
        distance = (self.embedder(a) - self.embedder(b)).abs().sum(dim=1, keepdim=True)
        logits: Tensor = self.output(distance)
        return logits


def norm(kind: Callable[..., nn.Module], width: int) -> nn.Module:
    """Batch norm with Keras's constants."""
    return kind(width, eps=1e-3, momentum=0.01)


def conv_bn_prelu() -> nn.Module:
    """See `nets.regressor`."""
    layers: list[nn.Module] = []
    channels = 1
    for filters in (8, 16, 32, 32, 64):
        layers += [nn.Conv2d(channels, filters, 3, padding=1), norm(nn.BatchNorm2d, filters)]
        layers += [nn.PReLU(filters, init=0.0), nn.MaxPool2d(2)]
        channels = filters
    layers.append(nn.Flatten())
    for width in (64, 128):
        layers += [nn.Linear(width, 128), norm(nn.BatchNorm1d, 128), nn.PReLU(128, init=0.0)]
    return nn.Sequential(*layers, nn.Linear(128, 5), nn.Sigmoid())


def convolved(channels: int, width: int, size: int) -> nn.Module:
    """A convolution that keeps the image's size, and its batch norm."""
    return nn.Sequential(
        nn.Conv2d(channels, width, size, padding=size // 2), norm(nn.BatchNorm2d, width)
    )


class Bottleneck(nn.Module):
    """See `nets.bottleneck`."""

    def __init__(self, channels: int, width: int):
        super().__init__()
        self.path = nn.Sequential(
            convolved(channels, width, 1),
            nn.ReLU(),
            convolved(width, width, 3),
            nn.ReLU(),
            convolved(width, width, 1),
        )
        self.shortcut = nn.Identity() if channels == width else convolved(channels, width, 1)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, width, H, W)."""
        return functional.relu(self.path(x) + self.shortcut(x))


def resnet() -> nn.Module:
    """See `nets.resnet`."""
    layers: list[nn.Module] = [nn.Conv2d(1, 32, 5, padding=3), norm(nn.BatchNorm2d, 32)]
    layers += [nn.ReLU(), nn.MaxPool2d(2)]
    channels = 32
    for width in (32, 64, 128):
        for _ in range(3):
            layers.append(Bottleneck(channels, width))
            channels = width
    return nn.Sequential(*layers, nn.AvgPool2d(2), nn.Flatten(), nn.Linear(128 * 13 * 13, 10))


def big_kernel() -> nn.Module:
    """See `nets.large_kernel`."""
    return nn.Sequential(
        nn.Conv2d(1, 32, 400),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(32, 25),
        nn.ReLU(),
        nn.Linear(25, 2),
    )


NETS: Mapping[str, TorchNet] = MappingProxyType(
    {
        "lenet": TorchNet(lenet, functional.cross_entropy),
        "siamese": TorchNet(Siamese, functional.binary_cross_entropy_with_logits),
        "conv_bn_prelu": TorchNet(conv_bn_prelu, functional.mse_loss),
        "resnet": TorchNet(resnet, functional.cross_entropy),
        "big_kernel": TorchNet(big_kernel, functional.cross_entropy),
    }
)


class TorchCourse:
    """A network of PyTorch that is trained step by step.

    Args:
        name: of the network.
        optimizer: "SGD" or "Adam".
        side: one of `rivals`: the layout of images and kernels, and whether it is compiled.
        rows: images (N, H, W, C), or two of them, and targets.
        batch: rows of a step.
        rate: the learning rate.
        device: where it is trained. Each batch goes there by itself, as one of ours does.
    """

    def __init__(
        self,
        name: str,
        optimizer: str,
        side: str,
        rows: Any,
        batch: int,
        rate: float,
        device: str = "cpu",
    ):
        form = rivals.form(torch, side)
        x, y = rows
        images = x if isinstance(x, list) else [x]
        self.images = [
            torch.from_numpy(image).permute(0, 3, 1, 2).contiguous(memory_format=form)
            for image in images
        ]
        targets = torch.from_numpy(y)
        self.targets = targets if targets.ndim == 1 else targets.float()  # classes, or numbers
        self.batch, self.device = batch, device
        torch.manual_seed(0)
        self.net = NETS[name]
        module: Any = self.net.build()
        self.module = module.to(device=device, memory_format=form)
        self.loss = rivals.made(torch, side, self.mean_loss)
        self.optimizer = getattr(torch.optim, optimizer)(self.module.parameters(), lr=rate)

    def __call__(self) -> float:
        """Train for as many steps as there are batches; the mean of their losses."""
        total, steps = torch.zeros((), device=self.device), len(self.targets) // self.batch
        for start in range(0, steps * self.batch, self.batch):
            part = slice(start, start + self.batch)
            self.optimizer.zero_grad()
            images = [image[part].to(self.device) for image in self.images]
            loss = self.loss(images, self.targets[part].to(self.device))
            loss.backward()
            self.optimizer.step()
            total += loss.detach()  # read at the end: a GPU is not waited for at each step
        return total.item() / steps

    def mean_loss(self, images: list[Tensor], targets: Tensor) -> Tensor:
        """Of a batch."""
        loss: Tensor = self.net.loss(self.module(*images), targets)
        return loss
