"""As a new user would: the repository of Triton's quick start, with a small network in DenseNet's clothes."""

import numpy as np
import tritonclient.grpc as grpcclient
import tritonclient.http as httpclient
from onnx import helper

import values
from harness import check
from models import Model, constant, graph

CONFIG = """
name: "densenet_onnx"
platform: "onnxruntime_onnx"
max_batch_size : 0
input [
  {
    name: "data_0"
    data_type: TYPE_FP32
    format: FORMAT_NCHW
    dims: [ 3, 224, 224 ]
    reshape { shape: [ 1, 3, 224, 224 ] }
  }
]
output [
  {
    name: "fc6_1"
    data_type: TYPE_FP32
    dims: [ 1000 ]
    reshape { shape: [ 1, 1000, 1, 1 ] }
    label_filename: "densenet_labels.txt"
  }
]
"""
WEIGHT = np.random.default_rng(7).standard_normal((1000, 3, 1, 1)).astype(np.float32)


def densenet():
    model = graph([helper.make_node("GlobalAveragePool", ["data_0"], ["pooled"]),
                   helper.make_node("Conv", ["pooled", "weight"], ["fc6_1"])],
                  [("data_0", "FP32", [1, 3, 224, 224])], [("fc6_1", "FP32", [1, 1000, 1, 1])], [constant("weight", WEIGHT)])
    return Model("densenet_onnx", CONFIG, model, files={"densenet_labels.txt": "".join(f"CLASS {i}\n" for i in range(1000))})


@check("own", only="apus")
def densenet_onnx(t):
    server = t.server.start([densenet()])
    picture = np.random.default_rng(8).standard_normal((3, 224, 224)).astype(np.float32)
    scores = WEIGHT.reshape(1000, 3) @ picture.mean(axis=(1, 2))
    try:
        for name, module, url in [("http", httpclient, server.http_url), ("grpc", grpcclient, server.grpc_url)]:
            with module.InferenceServerClient(url) as client:
                t.equal(f"{name} metadata", [int(d) for d in (client.get_model_metadata("densenet_onnx")["inputs"][0]["shape"] if name == "http"
                                             else client.get_model_metadata("densenet_onnx").inputs[0].shape)], [3, 224, 224])
                found = client.infer("densenet_onnx", values.inputs(module, {"data_0": picture})).as_numpy("fc6_1")
                t.close_to(f"{name} scores", found, scores, 1e-3)
                best = client.infer("densenet_onnx", values.inputs(module, {"data_0": picture}),
                                    outputs=[module.InferRequestedOutput("fc6_1", class_count=3)]).as_numpy("fc6_1")
                order = np.argsort(-scores)[:3]
                t.equal(f"{name} classes", [v.split(b":", 1)[1] for v in best.reshape(-1)], [f"{i}:CLASS {i}".encode() for i in order])
                t.close_to(f"{name} their scores", [float(v.split(b":")[0]) for v in best.reshape(-1)], scores[order], 1e-3)
    finally:
        t.equal("exit code", server.stop(), 0)
