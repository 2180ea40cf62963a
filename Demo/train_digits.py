#!/usr/bin/env python3
"""Trains the demo's classifier: scikit-learn's digits, 8x8 scans of handwriting, on a small CNN.

Needs numpy, scikit-learn and onnx. Writes Sources/CApusDemo/data/{digits.onnx, digits_images.npy,
digits_labels.npy}; the held-out fifth of the scans goes into the .npy files. Runs about a minute.
"""
import os

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from sklearn.datasets import load_digits

OUT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "Sources", "CApusDemo", "data")
random = np.random.default_rng(7)
EPSILON = 1e-5


def patches(x):
    """3x3 neighbourhoods of [n, c, 8, 8] with a border of zeros: [n, 8, 8, c * 9]."""
    padded = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
    rows = [padded[:, :, i:i + x.shape[2], j:j + x.shape[3]] for i in range(3) for j in range(3)]
    return np.stack(rows, 2).reshape(x.shape[0], -1, x.shape[2], x.shape[3]).transpose(0, 2, 3, 1)


class ConvNorm:
    """Convolution 3x3, batch normalisation, ReLU."""

    def __init__(self, inputs, outputs):
        self.w = random.normal(0, np.sqrt(2 / (inputs * 9)), (inputs * 9, outputs))
        self.scale, self.bias = np.ones(outputs), np.zeros(outputs)
        self.mean, self.variance = np.zeros(outputs), np.ones(outputs)

    def forward(self, x, training):
        self.shape, self.p = x.shape, patches(x)
        z = self.p @ self.w
        if training:
            mean, variance = z.mean((0, 1, 2)), z.var((0, 1, 2))
            self.mean = 0.9 * self.mean + 0.1 * mean
            self.variance = 0.9 * self.variance + 0.1 * variance
        else:
            mean, variance = self.mean, self.variance
        self.inverse = 1 / np.sqrt(variance + EPSILON)
        self.normal = (z - mean) * self.inverse
        self.y = np.maximum(self.normal * self.scale + self.bias, 0)
        return self.y.transpose(0, 3, 1, 2)

    def backward(self, gradient):
        g = gradient.transpose(0, 2, 3, 1) * (self.y > 0)
        grads = [None, (g * self.normal).sum((0, 1, 2)), g.sum((0, 1, 2))]
        g = g * self.scale
        g = (g - g.mean((0, 1, 2)) - self.normal * (g * self.normal).mean((0, 1, 2))) * self.inverse
        grads[0] = np.einsum("nhwk,nhwo->ko", self.p, g)
        back = (g @ self.w.T).transpose(0, 3, 1, 2)
        n, c, h, w = self.shape
        back = back.reshape(n, c, 9, h, w)
        out = np.zeros((n, c, h + 2, w + 2))
        for k in range(9):
            out[:, :, k // 3:k // 3 + h, k % 3:k % 3 + w] += back[:, :, k]
        return out[:, :, 1:-1, 1:-1], grads

    def parameters(self):
        return [self.w, self.scale, self.bias]


class Network:
    """Convolutions of 16 and 32 channels, one more of 32 around which a residual goes, pool, dense."""

    def __init__(self):
        self.a, self.b, self.c = ConvNorm(1, 16), ConvNorm(16, 32), ConvNorm(32, 32)
        self.w = random.normal(0, np.sqrt(1 / 512), (512, 10))
        self.bias = np.zeros(10)

    def forward(self, x, training):
        first = self.b.forward(self.a.forward(x, training), training)
        self.sum = first + self.c.forward(first, training)
        n = len(x)
        self.cells = self.sum.reshape(n, 32, 4, 2, 4, 2)
        pooled = self.cells.max((3, 5))
        self.mask = self.cells == pooled[:, :, :, None, :, None]
        self.flat = pooled.reshape(n, -1)
        return self.flat @ self.w + self.bias

    def backward(self, gradient):
        grads = [self.flat.T @ gradient, gradient.sum(0)]
        g = (gradient @ self.w.T).reshape(-1, 32, 4, 4)
        g = (self.mask * g[:, :, :, None, :, None]).reshape(self.sum.shape)
        through, c = self.c.backward(g)
        back, b = self.b.backward(g + through)
        _, a = self.a.backward(back)
        return a + b + c + grads

    def parameters(self):
        layers = self.a.parameters() + self.b.parameters() + self.c.parameters()
        return layers + [self.w, self.bias]


def train(images, labels):
    network = Network()
    parameters = network.parameters()
    first = [np.zeros_like(p) for p in parameters]
    second = [np.zeros_like(p) for p in parameters]
    step = 0
    for epoch in range(14):
        order = random.permutation(len(images))
        for start in range(0, len(order), 64):
            batch = order[start:start + 64]
            logits = network.forward(images[batch], True)
            p = np.exp(logits - logits.max(1, keepdims=True))
            p /= p.sum(1, keepdims=True)
            p[np.arange(len(batch)), labels[batch]] -= 1
            step += 1
            rate = 2e-3 * (1 - epoch / 14)
            # Adam (Kingma & Ba 2015)
            for i, g in enumerate(network.backward(p / len(batch))):
                first[i] = 0.9 * first[i] + 0.1 * g
                second[i] = 0.999 * second[i] + 0.001 * g * g
                update = first[i] / (1 - 0.9**step)
                parameters[i] -= rate * update / (np.sqrt(second[i] / (1 - 0.999**step)) + 1e-8)
    return network


def export(network, path):
    weights, nodes = [], []

    def tensor(name, value):
        weights.append(numpy_helper.from_array(np.asarray(value, np.float32), name))
        return name

    def conv(layer, name, x):
        outputs = layer.w.shape[1]
        inputs = layer.w.shape[0] // 9
        w = layer.w.reshape(inputs, 3, 3, outputs).transpose(3, 0, 1, 2)
        nodes.append(helper.make_node(
            "Conv", [x, tensor(f"{name}.weight", w)], [f"{name}.conv"], f"{name}.conv",
            pads=[1, 1, 1, 1], kernel_shape=[3, 3]))
        statistics = [tensor(f"{name}.{part}", getattr(layer, part))
                      for part in ("scale", "bias", "mean", "variance")]
        nodes.append(helper.make_node(
            "BatchNormalization", [f"{name}.conv"] + statistics, [f"{name}.norm"], f"{name}.norm",
            epsilon=EPSILON))
        nodes.append(helper.make_node("Relu", [f"{name}.norm"], [f"{name}.relu"], f"{name}.relu"))
        return f"{name}.relu"

    x = conv(network.b, "b", conv(network.a, "a", "image"))
    y = conv(network.c, "c", x)
    nodes.append(helper.make_node("Add", [x, y], ["sum"], "residual"))
    nodes.append(helper.make_node(
        "MaxPool", ["sum"], ["pooled"], "pool", kernel_shape=[2, 2], strides=[2, 2]))
    nodes.append(helper.make_node("Flatten", ["pooled"], ["flat"], "flatten"))
    nodes.append(helper.make_node(
        "Gemm", ["flat", tensor("dense.weight", network.w), tensor("dense.bias", network.bias)],
        ["logits"], "dense"))
    graph = helper.make_graph(
        nodes, "digits",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["batch", 1, 8, 8])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", 10])], weights)
    model = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", 18)], producer_name="train_digits.py")
    model.ir_version = 9
    onnx.checker.check_model(model)
    onnx.save(model, path)


def main():
    digits = load_digits()
    images = (digits.images / 16).astype(np.float32)[:, None]
    labels = digits.target.astype(np.int64)
    order = random.permutation(len(images))
    held, rest = order[:360], order[360:]
    network = train(images[rest].astype(np.float64), labels[rest])
    found = network.forward(images[held].astype(np.float64), False).argmax(1)
    print(f"held-out accuracy {(found == labels[held]).mean():.4f}")
    os.makedirs(OUT, exist_ok=True)
    export(network, os.path.join(OUT, "digits.onnx"))
    np.save(os.path.join(OUT, "digits_images.npy"), images[held])
    np.save(os.path.join(OUT, "digits_labels.npy"), labels[held])


if __name__ == "__main__":
    main()
