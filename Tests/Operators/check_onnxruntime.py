"""Operators and options that the official suite leaves out, against ONNX Runtime's CPU provider.

    check_onnxruntime.py RUNNER [--mode MODE] [--only REGEX]

RUNNER is apus-conformance. Every case is one node on random inputs; a case that ONNX Runtime itself
refuses is reported and does not count.
"""

import argparse
import pathlib
import re
import subprocess
import sys
import tempfile

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

import grouped_cases
import standard_cases

MICROSOFT = "com.microsoft"
random = np.random.default_rng(1)
cases = []


def reals(*shape, dtype=np.float32):
    return random.standard_normal(shape).astype(dtype)


def codes(*shape, dtype=np.uint8):
    info = np.iinfo(dtype)
    return random.integers(info.min, info.max + 1, shape).astype(dtype)


def weights(*shape, dtype=np.int8):
    """Codes of the right operand. Without the instructions for it, the runtime's products of uint8 and
    int8 saturate in 16 bits, so int8 keeps to half its range."""
    return codes(*shape, dtype=dtype) // (2 if dtype == np.int8 else 1)


def scalar(value, dtype=np.float32):
    return np.array(value, dtype)


def case(name, inputs, outputs=1, *, domain=MICROSOFT, opset=21, steps=0, rtol=1e-4, atol=1e-5,
         constant=(), skip=(), judged=None, **attributes):
    """One node. `steps` is how far integers may differ; `constant` inputs are initializers; `skip`
    outputs are not asked for; only the first `judged` outputs are compared."""
    cases.append((name, inputs, outputs, domain, opset, steps, rtol, atol, set(constant), set(skip), attributes, judged))


def products():
    a, b = reals(2, 3, 4), reals(2, 4, 5)
    case("FusedMatMul", [a, b], alpha=0.5)
    case("FusedMatMul", [reals(2, 4, 3), reals(2, 5, 4)], transA=1, transB=1)
    case("FusedMatMul", [reals(3, 2, 4), reals(2, 4, 5)], transBatchA=1)
    case("FusedMatMul", [reals(4, 2, 3), reals(2, 4, 5)], transBatchA=1, transA=1)
    case("TransposeMatMul", [reals(2, 4, 3), b], transA=1)
    for name in ["Relu", "Sigmoid", "Tanh", "LeakyRelu", "HardSigmoid", "Elu", "Softplus", "Softsign"]:
        parameters = {"activation_alpha": 0.3} if name in ["LeakyRelu", "HardSigmoid", "Elu"] else {}
        if name == "HardSigmoid":
            parameters["activation_beta"] = 0.4
        case("FusedGemm", [reals(3, 4), reals(5, 4), reals(5)], transB=1, alpha=0.5, beta=2.0,
             activation=name, **parameters)
    case("GemmFastGelu", [reals(3, 4), reals(4, 5), reals(5)])
    x, w = reals(1, 4, 6, 6), reals(8, 2, 3, 3)
    case("FusedConv", [x, w, reals(8)], group=2, pads=[1, 1, 1, 1], activation="Relu")
    case("FusedConv", [x, w, reals(8), reals(1, 8, 6, 6)], group=2, pads=[1, 1, 1, 1], activation="Relu")
    case("FusedConv", [x, w], group=2, activation="LeakyRelu", activation_params=[0.2])
    case("FusedConv", [x, w], group=2, activation="Clip", activation_params=[-0.5, 0.5])
    case("FusedConv", [x, w], group=2, activation="HardSigmoid", activation_params=[0.3, 0.4])
    case("NhwcConv", [reals(1, 6, 6, 4), w, reals(8)], group=2, strides=[2, 2])
    case("NhwcFusedConv", [reals(1, 6, 6, 4), w, reals(8)], group=2, activation="Relu")
    case("NhwcMaxPool", [codes(1, 6, 6, 4, dtype=np.int8)], kernel_shape=[2, 2], strides=[2, 2])
    case("Inverse", [reals(2, 3, 3) + 3 * np.eye(3, dtype=np.float32)])
    case("Unique", [(codes(20) % 4).astype(np.float32)], 3)
    case("Trilu", [reals(2, 3, 4)])
    case("Trilu", [reals(2, 3, 4), scalar(-1, np.int64)], upper=0)
    case("ExpandDims", [reals(2, 3), scalar(1, np.int32)])


def activations():
    x = reals(2, 3, 8)
    case("Gelu", [x])
    case("FastGelu", [x])
    case("FastGelu", [x, reals(8)])
    case("BiasGelu", [x, reals(8)])
    case("QuickGelu", [x])
    case("QuickGelu", [x], alpha=1.0)
    case("BiasSplitGelu", [x, reals(8)])
    case("BiasDropout", [x, reals(8), reals(2, 3, 8)], 2)
    case("BiasAdd", [x, reals(8), x])
    case("BiasSoftmax", [reals(2, 3, 4, 5), reals(2, 1, 1, 5)], axis=3, is_inner_broadcast=1)


def normalization():
    x = reals(2, 3, 8)
    case("SkipLayerNormalization", [x, reals(2, 3, 8), reals(8), reals(8), reals(8)], 4, skip=[1, 2])
    case("SkipLayerNormalization", [x, reals(1, 3, 8), reals(8)], epsilon=1e-3)
    case("SkipSimplifiedLayerNormalization", [x, reals(2, 3, 8), reals(8), reals(8)], 4, skip=[1, 2])
    case("SimplifiedLayerNormalization", [x, reals(8)], domain="", opset=20, epsilon=1e-3)
    words = random.integers(0, 10, (2, 4)).astype(np.int32)
    segments = random.integers(0, 2, (2, 4)).astype(np.int32)
    mask = np.array([[1, 1, 1, 0], [1, 1, 0, 0]], np.int32)
    tables = [reals(10, 8), reals(6, 8), reals(2, 8), reals(8), reals(8)]
    case("EmbedLayerNormalization", [words, segments, *tables, mask], 3)
    case("EmbedLayerNormalization", [words, None, tables[0], tables[1], None, *tables[3:]], 2)
    positions = random.integers(0, 6, (2, 4)).astype(np.int32)
    case("EmbedLayerNormalization", [words, segments, *tables, mask, positions], 2)
    for last in [0, 1]:
        shape = [2, 3, 3, 4] if last else [2, 4, 3, 3]
        case("GroupNorm", [reals(*shape), reals(4), reals(4)], groups=2, channels_last=last, activation=1)


def attention():
    x, w, bias = reals(2, 4, 8), reals(8, 24), reals(24)
    case("Attention", [x, w, bias], num_heads=2)
    case("Attention", [x, w, bias], 2, num_heads=2, unidirectional=1)
    case("Attention", [x, w, bias, np.array([4, 2], np.int32)], num_heads=2)
    case("Attention", [x, w, bias, np.array([4, 3, 0, 1], np.int32)], num_heads=2)
    flags = np.array([[1, 1, 1, 0], [1, 1, 0, 0]], np.int32)
    case("Attention", [x, w, bias, flags], num_heads=2, scale=0.3)
    case("Attention", [x, w, bias, flags], num_heads=2, unidirectional=1)
    case("Attention", [x, w, bias, random.integers(0, 2, (2, 4, 4)).astype(np.int32)], num_heads=2)
    past = reals(2, 2, 2, 3, 4)
    case("Attention", [x, w, bias, np.ones((2, 7), np.int32), past], 2, num_heads=2)
    case("Attention", [x, w, bias, None, past, reals(2, 2, 4, 7)], 2, num_heads=2, unidirectional=1)
    case("Attention", [x, reals(8, 28), reals(28)], num_heads=2, qkv_hidden_sizes=[8, 8, 12])
    case("QAttention", [codes(2, 4, 8), weights(8, 24), bias, scalar(0.01), scalar(0.02), None,
                        scalar(128, np.uint8), scalar(3, np.int8)], num_heads=2, constant=[1, 7])
    case("QAttention", [codes(2, 4, 8), weights(8, 24), bias, scalar(0.01), scalar(0.02),
                        np.array([4, 2], np.int32), scalar(128, np.uint8), scalar(3, np.int8)],
         num_heads=2, unidirectional=1, constant=[1, 7])

    q, k, v = reals(2, 4, 8), reals(2, 5, 8), reals(2, 5, 6)
    case("MultiHeadAttention", [q, k, v], num_heads=2)
    case("MultiHeadAttention", [q, k, v, reals(22)], num_heads=2)
    case("MultiHeadAttention", [q, k, v, None, np.array([5, 3], np.int32)], num_heads=2)
    case("MultiHeadAttention", [q, k, v, None, random.integers(0, 2, (2, 5)).astype(np.int32)], num_heads=2)
    case("MultiHeadAttention", [q, k, v, None, None, reals(1, 2, 4, 5)], num_heads=2, scale=0.7)
    case("MultiHeadAttention", [q, q, q], num_heads=2, unidirectional=1)
    case("MultiHeadAttention", [q, q, q, None, None, None, reals(2, 2, 3, 4), reals(2, 2, 3, 4)], 3, num_heads=2)
    case("MultiHeadAttention", [q, q, q, None, None, None, reals(2, 2, 3, 4), reals(2, 2, 3, 4)], 3,
         num_heads=2, unidirectional=1)
    case("MultiHeadAttention", [q, reals(2, 2, 5, 4), reals(2, 2, 5, 4)], num_heads=2)
    case("MultiHeadAttention", [reals(2, 4, 2, 3, 4)], num_heads=2)
    case("MultiHeadAttention", [q, reals(2, 5, 2, 2, 4)], num_heads=2)

    tables = [reals(16, 4), reals(16, 4)]
    for interleaved in [0, 1]:
        case("RotaryEmbedding", [reals(2, 3, 16), np.arange(6).reshape(2, 3), *tables], interleaved=interleaved)
        case("RotaryEmbedding", [reals(2, 3, 16), np.array([2]), *tables], interleaved=interleaved)
        case("RotaryEmbedding", [reals(2, 2, 3, 8), np.arange(6).reshape(2, 3), *tables], interleaved=interleaved)
    case("RotaryEmbedding", [reals(2, 3, 24), np.arange(6).reshape(2, 3), *tables], num_heads=2,
         rotary_embedding_dim=8)


def grouped_attention():
    grouped_cases.add(case, reals, codes, random)


def quantized():
    for dtype in [np.uint8, np.int8]:
        zero = lambda value: scalar(value, dtype)
        a, b = codes(2, 3, 4, dtype=dtype), codes(3, 4, dtype=dtype)
        for name in ["QLinearAdd", "QLinearMul"]:
            case(name, [a, scalar(0.03), zero(5), b, scalar(0.02), zero(9), scalar(0.05), zero(3)], steps=1)
        case("QLinearSigmoid", [a, scalar(0.03), zero(5), scalar(1 / 256), zero(0)], steps=1, constant=[1, 2, 3, 4])
        case("QLinearLeakyRelu", [a, scalar(0.03), zero(5), scalar(0.04), zero(7)], steps=1, alpha=0.1,
             constant=[1, 2, 3, 4])
        image = codes(1, 4, 6, 6, dtype=dtype)
        case("QLinearGlobalAveragePool", [image, scalar(0.03), zero(5), scalar(0.02), zero(7)], steps=1)
        case("QLinearAveragePool", [image, scalar(0.03), zero(5), scalar(0.02), zero(7)], steps=1,
             kernel_shape=[3, 3], pads=[1, 1, 1, 1])
        case("QLinearAveragePool", [codes(1, 6, 6, 4, dtype=dtype), scalar(0.03), zero(5), scalar(0.02), zero(7)],
             steps=1, kernel_shape=[3, 3], strides=[2, 2], channels_last=1)
        case("QLinearConcat", [scalar(0.02), zero(3), a, scalar(0.03), zero(5), codes(2, 3, 4, dtype=dtype),
                               scalar(0.01), zero(1)], steps=1, axis=1)
        case("QLinearSoftmax", [a, scalar(0.03), zero(5), scalar(1 / 256), zero(0)], steps=1, axis=-1,
             constant=[1, 2, 3, 4])
        case("QGemm", [codes(3, 4, dtype=dtype), scalar(0.03), zero(5), codes(4, 5, dtype=dtype), scalar(0.02),
                       zero(9), codes(5, dtype=np.int32) // 2**18, scalar(0.3), zero(3)], steps=1)
        case("QGemm", [codes(3, 4), scalar(0.03), scalar(5, np.uint8), weights(5, 4, dtype=dtype), scalar(0.02),
                       zero(9)], transB=1, alpha=0.5)
        case("DynamicQuantizeMatMul", [reals(3, 4), weights(4, 5, dtype=dtype), reals(5) ** 2, codes(5, dtype=dtype),
                                       reals(5)])
        case("MatMulIntegerToFloat", [codes(3, 4), weights(4, 5, dtype=dtype), scalar(0.03), reals(5) ** 2,
                                      scalar(5, np.uint8), codes(5, dtype=dtype), reals(5)])
        case("QuantizeLinear", [reals(2, 3, 4), reals(3) ** 2 + 0.01, codes(3, dtype=dtype)], axis=1)
        case("DequantizeLinear", [a, reals(3) ** 2, codes(3, dtype=dtype)], axis=1)
        case("QLinearConv", [image, scalar(0.03), zero(5), codes(8, 2, 3, 3, dtype=dtype), scalar(0.02), zero(9),
                             scalar(0.6), zero(3), codes(8, dtype=np.int32) // 2**18], domain="", steps=1, group=2,
             pads=[1, 1, 1, 1])
        case("QLinearReduceMean", [a, scalar(0.03), zero(5), scalar(0.02), zero(7)], steps=1, axes=[1], keepdims=0)
    case("QLinearWhere", [np.array([[True, False, True, False]] * 3), codes(2, 3, 4), scalar(0.03),
                          scalar(5, np.uint8), codes(3, 4), scalar(0.02), scalar(9, np.uint8), scalar(0.04),
                          scalar(3, np.uint8)], steps=1)
    for bits in [2, 4, 8]:
        features, outputs, block = 40, 6, 16
        blocks = -(-features // block)
        weight = codes(outputs, blocks, block * bits // 8)
        scales = reals(outputs, blocks)
        zeros = codes(outputs, -(-blocks * bits // 8))
        sizes = {"K": features, "N": outputs, "block_size": block, "bits": bits}
        # ONNX Runtime may round the left operand to 8 bits unless it is told not to.
        case("MatMulNBits", [reals(3, features), weight, scales], constant=[1, 2], rtol=1e-3, atol=1e-3,
             accuracy_level=1, **sizes)
        case("MatMulNBits", [reals(2, 3, features), weight, scales, zeros], constant=[1, 2, 3], rtol=1e-3, atol=1e-3,
             accuracy_level=1, **sizes)
    zeros = reals(6, 3) + 8
    case("MatMulNBits", [reals(3, 40), codes(6, 3, 8), reals(6, 3), zeros, None, reals(6)], constant=[1, 2, 3],
         rtol=1e-3, atol=1e-3, accuracy_level=1, K=40, N=6, block_size=16, bits=4)
    # The runtime quantizes data and states as well; the difference is of that order.
    hidden = 3
    case("DynamicQuantizeLSTM", [reals(4, 2, 5), weights(1, 5, 12), weights(1, hidden, 12),
                                 reals(1, 24), None, None, None, None, np.array([0.01], np.float32),
                                 np.array([0], np.int8), np.array([0.01], np.float32), np.array([0], np.int8)], 3,
         constant=[1, 2, 8, 9, 10, 11], hidden_size=hidden, rtol=0.05, atol=0.05)
    for opset in [10, 13, 19, 21, 23]:
        case("QuantizeLinear", [reals(3, 4), scalar(0.02), scalar(3, np.int8)], domain="", opset=opset)
        case("DequantizeLinear", [codes(3, 4), scalar(0.02), scalar(3, np.uint8)], domain="", opset=opset)
    # The runtime divides in single precision, where the operator asks for the scale's.
    case("QuantizeLinear", [reals(3, 4, dtype=np.float16), scalar(0.02, np.float16)], domain="", steps=1)
    case("DequantizeLinear", [codes(3, 8, dtype=np.int8), reals(3, 2), codes(3, 2, dtype=np.int8)], domain="",
         block_size=4, axis=1)
    case("DequantizeLinear", [codes(3, dtype=np.int32), scalar(0.02)], domain="")
    case("MatMulInteger", [codes(3, 4), weights(4, 5), scalar(7, np.uint8), weights(5)],
         domain="", constant=[3])
    case("ConvInteger", [codes(1, 2, 5, 5), codes(3, 2, 3, 3), scalar(7, np.uint8), scalar(9, np.uint8)], domain="",
         pads=[1, 1, 1, 1])
    case("DynamicQuantizeLinear", [np.zeros((2, 3), np.float32)], 3, domain="")


def recurrent():
    steps, batch, width, hidden = 5, 3, 4, 2
    for name, gates, count in [("RNN", 1, 1), ("GRU", 3, 2), ("LSTM", 4, 3)]:
        for direction, sides in [("forward", 1), ("reverse", 1), ("bidirectional", 2)]:
            def inputs(scale=1):
                values = [reals(steps, batch, width), reals(sides, gates * hidden, width),
                          reals(sides, gates * hidden, hidden), reals(sides, 2 * gates * hidden),
                          np.array([5, 2, 4], np.int32), reals(sides, batch, hidden)]
                if name == "LSTM":
                    values += [reals(sides, batch, hidden), reals(sides, 3 * hidden)]
                return [value * np.float32(scale) if value.dtype == np.float32 else value for value in values]

            outputs = 3 if name == "LSTM" else 2
            common = {"domain": "", "direction": direction, "hidden_size": hidden}
            case(name, inputs(), outputs, **common)
            case(name, inputs(), outputs, clip=0.3, opset=14, **common)
            kinds = ["Affine", "LeakyRelu", "ScaledTanh", "HardSigmoid", "Elu", "ThresholdedRelu"]
            chosen = (kinds * 2)[: count * sides]
            alphas = [0.7, 0.2, 1.5, 0.3, 0.8, 0.1]
            betas = [0.1, 0.9, 0.4]
            takes = [alphas[kinds.index(kind)] for kind in chosen]
            pairs = [b for kind, b in zip(kinds, [0.1, None, 0.9, 0.4, None, None])]
            beta = [pairs[kinds.index(kind)] for kind in chosen if pairs[kinds.index(kind)] is not None]
            # Gates without bounds let large states grow beyond all numbers.
            case(name, inputs(0.3), outputs, activations=chosen, activation_alpha=takes, activation_beta=beta,
                 opset=14, **common)
            if name == "GRU":
                case(name, inputs(), outputs, linear_before_reset=1, **common)
            if name == "LSTM":
                case(name, inputs(), outputs, input_forget=1, opset=7, **common)


def tensor_type(array):
    return helper.np_dtype_to_tensor_dtype(array.dtype)


def build(index, entry):
    name, inputs, outputs, domain, opset, _, _, _, constant, skip, attributes, _ = entry
    names = [f"input_{i}" if value is not None else "" for i, value in enumerate(inputs)]
    results = [f"output_{i}" if i not in skip else "" for i in range(outputs)]
    # The attribute has the name of this script's own setting.
    if name == "QLinearSoftmax":
        attributes = {**attributes, "opset": 13}
    node = helper.make_node(name, names, results, domain=domain, name=f"node_{index}", **attributes)
    fed = [(n, v) for i, (n, v) in enumerate(zip(names, inputs)) if v is not None and i not in constant]
    held = [(n, v) for i, (n, v) in enumerate(zip(names, inputs)) if v is not None and i in constant]
    graph = helper.make_graph(
        [node], "case", [helper.make_tensor_value_info(n, tensor_type(v), v.shape) for n, v in fed],
        [helper.make_empty_tensor_value_info(r) for r in results if r],
        [numpy_helper.from_array(v, n) for n, v in held])
    opsets = [helper.make_opsetid("", opset)]
    if domain:
        opsets.append(helper.make_opsetid(domain, 1))
    return helper.make_model(graph, opset_imports=opsets, ir_version=10), fed


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runner")
    parser.add_argument("--mode", default="reference")
    parser.add_argument("--only", default="")
    parser.add_argument("-v", action="store_true")
    options = parser.parse_args()
    for family in [products, activations, normalization, attention, grouped_attention, quantized, recurrent]:
        family()
    standard_cases.add(case, reals, codes)
    settings = onnxruntime.SessionOptions()
    settings.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    settings.log_severity_level = 4
    folder = pathlib.Path(tempfile.mkdtemp())
    expected, refused = {}, []
    for index, entry in enumerate(cases):
        label = f"{index:03} {entry[0]} {entry[10]}"
        if not re.search(options.only, entry[0]):
            continue
        model, fed = build(index, entry)
        try:
            session = onnxruntime.InferenceSession(
                model.SerializeToString(), settings, providers=["CPUExecutionProvider"])
            expected[index] = session.run(None, dict(fed))
        except Exception as error:
            refused.append(f"{label}: {str(error).splitlines()[0][:160]}")
            continue
        # The runner takes output types from the model.
        for value, array in zip(model.graph.output, expected[index]):
            value.CopyFrom(helper.make_tensor_value_info(value.name, tensor_type(array), None))
        data = folder / str(index) / "test_data_set_0"
        data.mkdir(parents=True)
        onnx.save(model, folder / str(index) / "model.onnx")
        for position, (name, value) in enumerate(fed):
            (data / f"input_{position}.pb").write_bytes(numpy_helper.from_array(value, name).SerializeToString())
    batch = folder / "batch.txt"
    batch.write_text("".join(f"{folder / str(i)}\t{folder / 'out' / str(i)}\n" for i in expected))
    run = subprocess.run([options.runner, "--mode", options.mode, "--batch", str(batch)], capture_output=True, text=True)
    messages = {}
    for line in run.stdout.splitlines():
        if line.startswith("@@END"):
            fields = line.split("\t")
            messages[int(pathlib.Path(fields[1]).name)] = "\t".join(fields[2:])
    failures = []
    for index, arrays in expected.items():
        entry = cases[index]
        label = f"{index:03} {entry[0]} {entry[10]}"
        for position, array in enumerate(arrays[: entry[11]]):
            path = folder / "out" / str(index) / "test_data_set_0" / f"output_{position}.pb"
            if not path.exists():
                failures.append(f"{label}: {messages.get(index, 'no answer')}")
                break
            tensor = TensorProto()
            tensor.ParseFromString(path.read_bytes())
            found = numpy_helper.to_array(tensor)
            if found.dtype != array.dtype or found.shape != array.shape:
                failures.append(f"{label}: output {position} is {found.dtype}{found.shape}, not {array.dtype}{array.shape}")
                break
            if array.dtype.kind in "iub":
                worst = int(np.abs(found.astype(np.int64) - array.astype(np.int64)).max(initial=0))
                good = worst <= entry[5]
            else:
                worst = float(np.abs(found.astype(np.float64) - array).max(initial=0))
                good = np.allclose(found, array, rtol=max(entry[6], 1e-3 if array.dtype == np.float16 else 0),
                                   atol=entry[7], equal_nan=True)
            if not good:
                failures.append(f"{label}: output {position} differs by {worst}")
                break
    for line in refused if options.v else []:
        print("refused by ONNX Runtime:", line)
    for line in failures:
        print("FAIL", line)
    print(f"{len(expected)} cases, {len(failures)} failed, {len(refused)} refused by ONNX Runtime ({options.mode})")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
