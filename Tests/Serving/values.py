"""Arrays of every datatype, and ways to send them with Triton's clients."""

import asyncio
import queue

import ml_dtypes
import numpy as np
import tritonclient.grpc as grpcclient
import tritonclient.http as httpclient
from tritonclient.utils import np_to_triton_dtype

NUMPY = {"BOOL": np.bool_, "UINT8": np.uint8, "UINT16": np.uint16, "UINT32": np.uint32, "UINT64": np.uint64,
         "INT8": np.int8, "INT16": np.int16, "INT32": np.int32, "INT64": np.int64, "FP16": np.float16,
         "FP32": np.float32, "FP64": np.float64, "BF16": ml_dtypes.bfloat16, "BYTES": np.object_}
TEXTS = [b"", b"a", "größe €".encode(), b"x" * 300]
RAW_BYTES = [b"\x00", b"a\x00b\x00", b"\xff\xfe\x80", bytes(range(256))]


def sample(datatype, shape=(2, 4), seed=1):
    """Values that reach the ends of the type."""
    generator = np.random.default_rng(seed)
    count = int(np.prod(shape))
    kind = NUMPY[datatype]
    if datatype == "BYTES":
        texts = (TEXTS * (count // len(TEXTS) + 1))[:count]
        return np.array(texts, dtype=np.object_).reshape(shape)
    if datatype == "BOOL":
        return generator.integers(0, 2, shape).astype(bool)
    if datatype in ("FP16", "FP32", "FP64", "BF16"):
        values = generator.standard_normal(shape).astype(kind)
        flat = values.reshape(-1)
        flat[:2] = [0, -1.5][:count]
        return values
    limits = np.iinfo(kind)
    values = generator.integers(limits.min, limits.max, shape, dtype=kind, endpoint=True)
    values.reshape(-1)[:2] = [limits.min, limits.max][:count]
    return values


def inputs(client, arrays, **how):
    """InferInputs of the module `client` (tritonclient.http or .grpc) for {name: array}."""
    made = []
    for name, array in arrays.items():
        tensor = client.InferInput(name, array.shape, np_to_triton_dtype(array.dtype))
        tensor.set_data_from_numpy(array, **how)
        made.append(tensor)
    return made


def http(t, model, arrays, outputs=None, binary_in=True, binary_out=True, **options):
    wanted = outputs and [httpclient.InferRequestedOutput(name, binary_data=binary_out) for name in outputs]
    return t.http.infer(model, inputs(httpclient, arrays, binary_data=binary_in), outputs=wanted, **options)


def grpc(t, model, arrays, outputs=None, **options):
    wanted = outputs and [grpcclient.InferRequestedOutput(name) for name in outputs]
    return t.grpc.infer(model, inputs(grpcclient, arrays), outputs=wanted, **options)


class Stream:
    """A bidirectional stream of one client; `take` gives the next (result, error)."""

    def __init__(self, t, **options):
        self.client = grpcclient.InferenceServerClient(t.server.grpc_url)
        self.answers = queue.Queue()
        self.client.start_stream(lambda result, error: self.answers.put((result, error)), **options)

    def send(self, model, arrays, **options):
        self.client.async_stream_infer(model, inputs(grpcclient, arrays), **options)

    def take(self, timeout=10):
        return self.answers.get(timeout=timeout)

    def result(self, timeout=10):
        result, error = self.take(timeout)
        if error is not None:
            raise error
        return result

    def empty(self, wait=0.2):
        try:
            self.answers.get(timeout=wait)
            return False
        except queue.Empty:
            return True

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.client.stop_stream()
        self.client.close()


def wait_for(coroutine, timeout=30):
    async def bounded():
        return await asyncio.wait_for(coroutine, timeout)
    return asyncio.run(bounded())
