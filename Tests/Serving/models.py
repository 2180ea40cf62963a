"""The model repository of the checks: small ONNX files with configurations that both servers read.

The parameter `oracle` in a configuration names the same function for the stand-in backend of
oracle_backend.cpp; Apus runs the ONNX file.
"""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

DATATYPES = {
    "BOOL": TensorProto.BOOL, "UINT8": TensorProto.UINT8, "UINT16": TensorProto.UINT16,
    "UINT32": TensorProto.UINT32, "UINT64": TensorProto.UINT64, "INT8": TensorProto.INT8,
    "INT16": TensorProto.INT16, "INT32": TensorProto.INT32, "INT64": TensorProto.INT64,
    "FP16": TensorProto.FLOAT16, "FP32": TensorProto.FLOAT, "FP64": TensorProto.DOUBLE,
    "BYTES": TensorProto.STRING, "BF16": TensorProto.BFLOAT16,
}


def config_type(datatype):
    return "TYPE_STRING" if datatype == "BYTES" else f"TYPE_{datatype}"


def graph(nodes, inputs, outputs, initializers=()):
    """A model file; inputs and outputs are (name, datatype, shape), a string in a shape is symbolic."""
    def value(name, datatype, shape):
        return helper.make_tensor_value_info(name, DATATYPES[datatype], shape)
    made = helper.make_graph(nodes, "checks", [value(*i) for i in inputs], [value(*o) for o in outputs],
                             list(initializers))
    return helper.make_model(made, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def constant(name, array):
    return numpy_helper.from_array(np.asarray(array), name)


def tensors(kind, entries):
    """`kind` (input or output) of a configuration; entries are (name, datatype, dims[, more text])."""
    return "".join(
        f'{kind} {{ name: "{entry[0]}" data_type: {config_type(entry[1])} dims: {list(entry[2])} '
        f'{entry[3] if len(entry) > 3 else ""} }}\n' for entry in entries)


class Model:
    """One directory of a repository."""

    def __init__(self, name, config, onnx_model=None, versions=("1",), files=None):
        self.name, self.config, self.onnx_model = name, config, onnx_model
        self.versions, self.files = versions, files or {}

    def write(self, repository):
        folder = repository / self.name
        folder.mkdir(parents=True, exist_ok=True)
        for version in self.versions:
            (folder / version).mkdir(parents=True, exist_ok=True)
            model = self.onnx_model(version) if callable(self.onnx_model) else self.onnx_model
            if model is not None:
                onnx.save(model, folder / version / "model.onnx")
        if self.config is not None:
            (folder / "config.pbtxt").write_text(self.config)
        for path, content in self.files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(content if isinstance(content, bytes) else content.encode())


def write(repository, models):
    repository.mkdir(parents=True, exist_ok=True)
    for model in models:
        model.write(repository)
    return repository


def served(name, function, inputs, outputs, onnx_model, batch=0, more="", backend='platform: "onnxruntime_onnx"',
           **rest):
    config = (f'name: "{name}"\n{backend}\nmax_batch_size: {batch}\n'
              + tensors("input", inputs) + tensors("output", outputs)
              + (f'parameters {{ key: "oracle" value {{ string_value: "{function}" }} }}\n' if function else "")
              + more)
    return Model(name, config, onnx_model, **rest)


ONE_CPU = "instance_group [ { count: 1 kind: KIND_CPU } ]\n"


def identity(name, datatype="FP32", batch=8, dims=(-1,), more=ONE_CPU, onnx_shape=None, entry="", **rest):
    shape = onnx_shape if onnx_shape is not None else (
        (["batch"] if batch else []) + [f"d{i}" if d < 0 else d for i, d in enumerate(dims)])
    model = graph([helper.make_node("Identity", ["INPUT0"], ["OUTPUT0"])],
                  [("INPUT0", datatype, shape)], [("OUTPUT0", datatype, shape)])
    return served(name, "identity", [("INPUT0", datatype, dims, entry)], [("OUTPUT0", datatype, dims, entry)],
                  model, batch, more, **rest)


def native(name, datatype="INT32", batch=8, dims=(-1,), more="", delay=None):
    """The backend `identity`, which Apus has built in; `delay` in milliseconds for each execution."""
    if delay is not None:
        more += f'parameters {{ key: "execute_delay_ms" value {{ string_value: "{delay}" }} }}\n'
    return served(name, None, [("INPUT0", datatype, dims)], [("OUTPUT0", datatype, dims)], None, batch,
                  ONE_CPU + more, backend='backend: "identity"')


def add_sub(name, datatype="FP32", batch=8, width=16, more="", labels=None, **rest):
    shape = (["batch"] if batch else []) + [width]
    model = graph([helper.make_node("Add", ["INPUT0", "INPUT1"], ["OUTPUT0"]),
                   helper.make_node("Sub", ["INPUT0", "INPUT1"], ["OUTPUT1"])],
                  [("INPUT0", datatype, shape), ("INPUT1", datatype, shape)],
                  [("OUTPUT0", datatype, shape), ("OUTPUT1", datatype, shape)])
    entry = 'label_filename: "labels.txt"' if labels else ""
    files = {"labels.txt": labels} if labels else {}
    return served(name, "add_sub", [("INPUT0", datatype, [width]), ("INPUT1", datatype, [width])],
                  [("OUTPUT0", datatype, [width], entry), ("OUTPUT1", datatype, [width])], model, batch, more,
                  files=files, **rest)


def versioned(name, versions=("1", "2", "3"), more=""):
    """OUTPUT0 is INPUT0 plus the number of the version."""
    def model(version):
        return graph([helper.make_node("Add", ["INPUT0", "number"], ["OUTPUT0"])],
                     [("INPUT0", "FP32", ["batch", 4])], [("OUTPUT0", "FP32", ["batch", 4])],
                     [constant("number", np.float32([int(version)]))])
    return served(name, "version", [("INPUT0", "FP32", [4])], [("OUTPUT0", "FP32", [4])], model, 8, more,
                  versions=versions)


def batch_teller(name, more="", batch=8):
    """OUTPUT0 is the size of the batch that was executed, for each row of the request."""
    model = graph(
        [helper.make_node("Shape", ["INPUT0"], ["shape"]),
         helper.make_node("Gather", ["shape", "zero"], ["rows"], axis=0),
         helper.make_node("Concat", ["rows", "one"], ["extents"], axis=0),
         helper.make_node("Expand", ["rows", "extents"], ["OUTPUT0"])],
        [("INPUT0", "FP32", ["batch", "n"])], [("OUTPUT0", "INT64", ["batch", 1])],
        [constant("zero", np.int64([0])), constant("one", np.int64([1]))])
    return served(name, "batch", [("INPUT0", "FP32", [-1])], [("OUTPUT0", "INT64", [1])], model, batch,
                  ONE_CPU + more)


STATE = ('state [ { input_name: "STATE_IN" output_name: "STATE_OUT" data_type: TYPE_INT32 dims: [ 1 ] %s } ]\n')


ZERO_STATE = 'initial_state: { name: "zero" data_type: TYPE_INT32 dims: [ 1 ] zero_data: true }'


def accumulator(name, strategy, idle=60_000_000, initial=ZERO_STATE, batch=4, files=None, more=""):
    """OUTPUT0 is the sum of what the sequence sent in INPUT0, kept as implicit state."""
    model = graph([helper.make_node("Add", ["INPUT0", "STATE_IN"], ["OUTPUT0"]),
                   helper.make_node("Identity", ["OUTPUT0"], ["STATE_OUT"])],
                  [("INPUT0", "INT32", ["batch", 1]), ("STATE_IN", "INT32", ["batch", 1])],
                  [("OUTPUT0", "INT32", ["batch", 1]), ("STATE_OUT", "INT32", ["batch", 1])])
    batching = (f"sequence_batching {{ max_sequence_idle_microseconds: {idle}\n{strategy}\n"
                + STATE % initial + "}\n")
    return served(name, "accumulate", [("INPUT0", "INT32", [1])], [("OUTPUT0", "INT32", [1])], model, batch,
                  ONE_CPU + batching + more, files=files)


CONTROLS = [("START", "INT32", "CONTROL_SEQUENCE_START", "int32_false_true: [ 0, 1 ]"),
            ("END", "FP32", "CONTROL_SEQUENCE_END", "fp32_false_true: [ -1, 2 ]"),
            ("READY", "BOOL", "CONTROL_SEQUENCE_READY", "bool_false_true: [ false, true ]")]


def controls(name, strategy="direct { }", correlation="UINT64", idle=60_000_000, batch=4):
    """The control inputs of a sequence, each given back as output OUT_<control>."""
    entries = [*CONTROLS, ("CORRID", correlation, "CONTROL_SEQUENCE_CORRID",
                           f"data_type: {config_type(correlation)}")]
    inputs = [("INPUT0", "INT32", ["batch", 1])] + [(n, t, ["batch", 1]) for n, t, _, _ in entries]
    outputs = [("OUTPUT0", "INT32", ["batch", 1])] + [(f"OUT_{n}", t, ["batch", 1]) for n, t, _, _ in entries]
    nodes = [helper.make_node("Identity", [i[0]], [o[0]]) for i, o in zip(inputs, outputs)]
    control = "".join(f'control_input [ {{ name: "{n}" control [ {{ kind: {kind} {text} }} ] }} ]\n'
                      for n, _, kind, text in entries)
    return served(name, "identity", [("INPUT0", "INT32", [1])], [(n, t, [1]) for n, t, _ in outputs],
                  graph(nodes, inputs, outputs), batch,
                  ONE_CPU + f"sequence_batching {{ max_sequence_idle_microseconds: {idle}\n{strategy}\n{control} }}\n")


def optional_input(name):
    """OUTPUT0 is INPUT0, OUTPUT1 is INPUT1, which may be left out: then there is no OUTPUT1."""
    return served(name, None, [("INPUT0", "FP32", [4]), ("INPUT1", "FP32", [4], "optional: true")],
                  [("OUTPUT0", "FP32", [4]), ("OUTPUT1", "FP32", [4])], None, 8,
                  ONE_CPU + "dynamic_batching { max_queue_delay_microseconds: 200000 }\n", backend='backend: "identity"')


def ragged(name):
    """OUTPUT0 is the sum of a request's INPUT0, OUTPUT1 its length; requests of all lengths are batched."""
    model = graph(
        [helper.make_node("CumSum", ["INPUT0", "axis"], ["sums"]),
         helper.make_node("Concat", ["nothing", "sums"], ["from_zero"], axis=0),
         helper.make_node("Cast", ["ENDS"], ["ends"], to=TensorProto.INT64),
         helper.make_node("Cast", ["COUNT"], ["count"], to=TensorProto.INT64),
         helper.make_node("Sub", ["ends", "count"], ["starts"]),
         helper.make_node("Gather", ["from_zero", "ends"], ["upper"], axis=0),
         helper.make_node("Gather", ["from_zero", "starts"], ["lower"], axis=0),
         helper.make_node("Sub", ["upper", "lower"], ["flat"]),
         helper.make_node("Reshape", ["flat", "column"], ["OUTPUT0"]),
         helper.make_node("Reshape", ["COUNT", "column"], ["OUTPUT1"])],
        [("INPUT0", "FP32", ["total"]), ("ENDS", "FP32", ["batch"]), ("COUNT", "FP32", ["batch"])],
        [("OUTPUT0", "FP32", ["batch", 1]), ("OUTPUT1", "FP32", ["batch", 1])],
        [constant("axis", np.int64(0)), constant("nothing", np.zeros(1, np.float32)),
         constant("column", np.int64([-1, 1]))])
    batch_inputs = "".join(
        f'batch_input [ {{ kind: {kind} target_name: "{target}" data_type: TYPE_FP32 source_input: "INPUT0" }} ]\n'
        for kind, target in [("BATCH_ACCUMULATED_ELEMENT_COUNT", "ENDS"), ("BATCH_ELEMENT_COUNT", "COUNT")])
    return served(name, "ragged_sum", [("INPUT0", "FP32", [-1], "allow_ragged_batch: true")],
                  [("OUTPUT0", "FP32", [1]), ("OUTPUT1", "FP32", [1])], model, 8,
                  ONE_CPU + batch_inputs + "dynamic_batching { max_queue_delay_microseconds: 300000 }\n")


def pick(name):
    """OUTPUT0 is INPUT0 at INPUT1, which fails while it runs when it lies outside."""
    model = graph([helper.make_node("Gather", ["INPUT0", "INPUT1"], ["OUTPUT0"], axis=0)],
                  [("INPUT0", "FP32", [4]), ("INPUT1", "INT64", [1])], [("OUTPUT0", "FP32", [1])])
    return served(name, "pick", [("INPUT0", "FP32", [4]), ("INPUT1", "INT64", [1])], [("OUTPUT0", "FP32", [1])],
                  model, 0, ONE_CPU)


def repeat(name="repeat", batch=0):
    return served(name, None, [("IN", "INT32", [-1]), ("DELAY", "UINT32", [-1]), ("WAIT", "UINT32", [1])],
                  [("OUT", "INT32", [1]), ("IDX", "UINT32", [1])], None, batch,
                  ONE_CPU + "model_transaction_policy { decoupled: true }\n", backend='backend: "repeat"')


def square(name="square"):
    return served(name, None, [("IN", "INT32", [1])], [("OUT", "INT32", [1])], None, 0,
                  ONE_CPU + "model_transaction_policy { decoupled: true }\n", backend='backend: "square"')


def ensemble(name, inputs, outputs, steps, batch=8, more=""):
    """`steps` are (model, {input: tensor}, {output: tensor})."""
    def maps(kind, entries):
        return "".join(f'{kind} {{ key: "{k}" value: "{v}" }} ' for k, v in entries.items())
    text = "".join(f'step {{ model_name: "{model}" model_version: -1 {maps("input_map", i)} {maps("output_map", o)} }}\n'
                   for model, i, o in steps)
    return served(name, None, inputs, outputs, None, batch, f"ensemble_scheduling {{ {text} }}\n{more}",
                  backend='platform: "ensemble"')
