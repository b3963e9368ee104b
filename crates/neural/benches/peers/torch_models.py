"""dinlab's named architectures as PyTorch modules, parameters in the same order."""

import torch

n = torch.nn


class Sqnl(n.Module):
    def forward(self, x):
        size = x.abs()
        return torch.where(size > 2, torch.sign(x), x - torch.sign(x) * x * x / 4)


class Residual(n.Module):
    def __init__(self, inner):
        super().__init__()
        self.inner = inner

    def forward(self, x):
        return x + self.inner(x)


ACTIVATIONS = {
    "relu": n.ReLU, "leaky-relu": lambda: n.LeakyReLU(0.01), "tanh": n.Tanh, "sigmoid": n.Sigmoid, "softplus": n.Softplus, "gelu": n.GELU, "sqnl": Sqnl,
}


def lenet5(act, shape, outputs):
    kink = act in ("relu", "leaky-relu")
    pool = n.MaxPool2d if kink else n.AvgPool2d
    act = ACTIVATIONS[act]
    padding = 2 if shape[1] < 32 else 0
    return n.Sequential(
        n.Conv2d(shape[0], 6, 5, padding=padding), act(), pool(2), n.Conv2d(6, 16, 5), act(), pool(2),
        n.Flatten(), n.Linear(400, 120), act(), n.Linear(120, 84), act(), n.Linear(84, outputs),
    )


def nin(width, act, shape, outputs):
    act = ACTIVATIONS[act]
    of = lambda part: -(-width * part // 192)
    layers, channels = [], shape[0]

    def block(items):
        nonlocal channels
        for out, size, padding in items:
            layers.extend([n.Conv2d(channels, out, size, padding=padding), act()])
            channels = out

    block([(of(192), 5, 2), (of(160), 1, 0), (of(96), 1, 0)])
    layers.append(n.MaxPool2d(3, 2, 1))
    block([(of(192), 5, 2), (of(192), 1, 0), (of(192), 1, 0)])
    layers.append(n.AvgPool2d(3, 2, 1, count_include_pad=False))
    block([(of(192), 3, 1), (of(192), 1, 0), (outputs, 1, 0)])
    return n.Sequential(*layers, n.AdaptiveAvgPool2d(1), n.Flatten())


def residual(width, blocks, act, shape, outputs):
    act = ACTIVATIONS[act]
    size = tuple(3 if length > 1 else 1 for length in shape[1:])
    conv = lambda channels: n.Conv2d(channels, width, size, padding=tuple(s // 2 for s in size))
    half = lambda: [n.GroupNorm(1, width), act(), conv(width)]
    body = [Residual(n.Sequential(*half(), *half())) for _ in range(blocks)]
    return n.Sequential(conv(shape[0]), *body, act(), n.AdaptiveAvgPool2d(1), n.Flatten(), n.Linear(width, outputs))


def mlp(widths, act, shape, outputs):
    layers, last = [n.Flatten()], shape[0] * shape[1] * shape[2]
    for width in widths:
        layers += [n.Linear(last, width), ACTIVATIONS[act]()]
        last = width
    return n.Sequential(*layers, n.Linear(last, outputs))


def build(text, shape, outputs):
    """The network that dinlab names so, for samples of this shape (channels, height, width)."""
    name, _, arguments = text.partition(":")
    words = [word for word in arguments.split(",") if word]
    widths = [int(word) for word in words if word.isdigit()]
    act = next((word for word in words if not word.isdigit()), "relu")
    if name == "lenet5":
        return lenet5(act, shape, outputs)
    if name == "nin":
        return nin(*(widths or [192]), act, shape, outputs)
    if name == "residual":
        return residual(*(widths + [8, 2][len(widths):]), act, shape, outputs)
    return mlp(widths, act, shape, outputs)
