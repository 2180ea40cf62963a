"""A graph under construction, with what is known of each value: its extents for every data set, a bound of its
magnitude, and either the grain that all its numbers are multiples of (then arithmetic on it is exact) or a bound of the
rounding error that it carries.
"""

import dataclasses

import numpy as np
from onnx import TensorProto, helper, numpy_helper

# Bits of the significand, and the largest magnitude that values may reach.
FORMATS = {np.dtype(np.float16): (11, 2.0**9), np.dtype(np.float32): (24, 2.0**17), np.dtype(np.float64): (53, 2.0**30)}
WHOLE_LIMITS = {8: 2**8, 16: 2**14, 32: 2**30, 64: 2**50}
STRING = np.dtype(object)
BOOL = np.dtype(np.bool_)
# An inexact value may be off by this part of its bound.
TOLERABLE = {np.dtype(np.float16): 0.25, np.dtype(np.float32): 2e-3, np.dtype(np.float64): 1e-6}


class Reject(Exception):
    """The operator does not fit the values at hand."""


@dataclasses.dataclass(eq=False)
class Value:
    name: str
    dtype: np.dtype
    dims: list  # a tuple of extents an axis, one for each data set
    bound: float = 1.0
    grain: float | None = None  # none for what is not exact
    error: float = 0.0
    constant: np.ndarray | None = None

    @property
    def rank(self):
        return len(self.dims)

    @property
    def exact(self):
        return self.grain is not None

    @property
    def isReal(self):
        return self.dtype in FORMATS

    @property
    def isWhole(self):
        return self.dtype.kind in "iu"

    def shape(self, index):
        return tuple(extents[index] for extents in self.dims)

    def hasZero(self):
        return any(0 in extents for extents in self.dims)

    def fixed(self, axis):
        """The extent where all data sets agree, or None."""
        return self.dims[axis][0] if len(set(self.dims[axis])) == 1 else None


def broadcast(*shapes):
    rank = max(len(shape) for shape in shapes)
    result = []
    for axis in range(rank):
        column = [shape[axis - rank + len(shape)] for shape in shapes if axis - rank + len(shape) >= 0]
        extents = []
        for sizes in zip(*column):
            larger = {size for size in sizes if size != 1}
            if len(larger) > 1:
                raise Reject
            extents.append(larger.pop() if larger else 1)
        result.append(tuple(extents))
    return result


def code(dtype):
    return TensorProto.STRING if dtype == STRING else helper.np_dtype_to_tensor_dtype(dtype)


def maximum(dims):
    """The most elements that extents may stand for."""
    return max((int(np.prod(sizes)) for sizes in zip(*dims)), default=1) if dims else 1


class Graph:
    """The main graph, or the body of a control flow operator (`parent` is what it may capture from)."""

    def __init__(self, random, sets, opset, parent=None):
        self.random, self.sets, self.opset, self.parent = random, sets, opset, parent
        self.nodes, self.initializers, self.inputs, self.values = [], [], [], []
        self.symbols = parent.symbols if parent else {}
        self.counter = parent.counter if parent else [0]
        self.used = set()
        self.depth = parent.depth + 1 if parent else 0

    # Choices

    def chance(self, probability):
        return self.random.random() < probability

    def choose(self, options):
        return options[self.random.integers(len(options))]

    def whole(self, low, high):
        return int(self.random.integers(low, high + 1))

    def name(self, stem="v"):
        self.counter[0] += 1
        return f"{stem}{self.counter[0]}"

    def same(self, extent):
        return (extent,) * self.sets

    def extent(self, zero=True):
        """A new extent: a number, or a symbol that differs between data sets."""
        if self.symbols and self.chance(0.35):
            extents = self.choose(list(self.symbols.values()))
            if zero or 0 not in extents:
                return extents
        return self.same(int(self.choose([1, 2, 3, 4, 5, 8] if self.chance(0.95) else [6, 17, 33])))

    # Values

    def available(self, accepts):
        found, graph = [], self
        while graph:
            found += [value for value in graph.values if accepts(value)]
            graph = graph.parent
        return found

    def pick(self, accepts=lambda value: True, unused=0.6):
        """A value that exists already; those that nobody reads yet are likelier."""
        found = self.available(accepts)
        if not found:
            raise Reject
        fresh = [value for value in found if value.name not in self.used]
        return self.choose(fresh if fresh and self.chance(unused) else found)

    def sample(self, dtype, shape, low=-32, high=32, grain=0.125):
        """Multiples of a grain: their sums and products are exact."""
        if dtype == BOOL:
            return self.random.integers(0, 2, shape).astype(np.bool_)
        if dtype == STRING:
            return np.array(self.random.choice(["a", "bc", "", "Ωx", "a b"], shape), dtype=object).reshape(shape)
        if dtype.kind in "iu":
            low, high, grain = max(low, 0 if dtype.kind == "u" else -9), min(high, 9), 1
        return np.asarray(self.random.integers(low, high + 1, shape) * grain).astype(dtype)

    def described(self, name, dtype, dims, grain=0.125, bound=4.0):
        if dtype in (BOOL, STRING):
            return Value(name, dtype, dims, 1.0, 1.0)
        if dtype.kind in "iu":
            return Value(name, dtype, dims, 9.0, 1.0)
        return Value(name, dtype, dims, bound, grain)

    def input(self, dtype, dims):
        root = self
        while root.parent:
            root = root.parent
        value = root.described(root.name("x"), dtype, dims)
        data = [root.sample(dtype, value.shape(index)) for index in range(self.sets)]
        root.inputs.append((value, data))
        root.values.append(value)
        return value

    def constant(self, array, stem="w", hidden=False):
        """A weight, as initializer or as Constant node."""
        array = np.asarray(array)
        name = self.name(stem)
        tensor = numpy_helper.from_array(array, name)
        if self.chance(0.9) or array.dtype == object:
            self.initializers.append(tensor)
        else:
            self.nodes.append(helper.make_node("Constant", [], [name], value=tensor))
        value = self.described(name, array.dtype, [self.same(size) for size in array.shape])
        if array.size and array.dtype not in (BOOL, STRING):
            value.bound = max(float(np.abs(array.astype(np.float64)).max()), 1e-3)
        value.constant = array
        if not hidden:
            self.values.append(value)
        return value

    def fed(self, array):
        """A constant of the graph that comes as input all the same."""
        root = self
        while root.parent:
            root = root.parent
        value = root.described(root.name("f"), array.dtype, [root.same(size) for size in array.shape])
        root.inputs.append((value, [array] * root.sets))
        return value

    def weight(self, dtype, *shape, low=-8, high=8):
        """Random numbers of at most 1; an input now and then."""
        if self.chance(0.1):
            value = self.fed(self.sample(np.dtype(dtype), shape, low, high))
            value.bound = 1.0
            return value
        return self.constant(self.sample(np.dtype(dtype), shape, low, high), hidden=True)

    def longs(self, values):
        """An operand of integers that is constant most of the time."""
        if self.chance(0.08):
            return self.fed(np.array(values, np.int64)).name
        return self.constant(np.array(values, np.int64), "c", hidden=True).name

    def node(self, kind, inputs, results, **attributes):
        """Adds a node. Results are values without names, see `real` and `plain`."""
        domain = attributes.pop("domain", "")
        names = []
        for operand in inputs:
            names.append(operand.name if isinstance(operand, Value) else operand or "")
            self.used.add(names[-1])
        for result in results:
            result.name = self.name()
        self.nodes.append(helper.make_node(
            kind, names, [result.name for result in results], name=f"{kind}_{results[0].name}", domain=domain, **attributes))
        self.values += results
        return results[0] if len(results) == 1 else results

    def real(self, dtype, dims, bound, grain=None, error=0.0):
        """A result; it is exact if it has a grain, carries no error and fits the significand."""
        bits, limit = FORMATS[dtype]
        if bound > limit or maximum(dims) > 20000:
            raise Reject
        if grain is not None and error == 0 and bound / grain <= 2.0**bits and grain >= 2.0**-14:
            return Value("", dtype, dims, bound, grain)
        error += 2 * bound * 2.0**-bits
        if error > TOLERABLE[dtype] * bound:
            raise Reject
        return Value("", dtype, dims, bound, None, error)

    def plain(self, dtype, dims, bound=1.0):
        """A result of integers, truth values or strings."""
        if dtype.kind in "iu" and bound > WHOLE_LIMITS[dtype.itemsize * 8] or maximum(dims) > 20000:
            raise Reject
        return Value("", dtype, dims, bound, 1.0)

    def like(self, value, dims=None, bound=None):
        """A result of elements taken from a value."""
        dims = value.dims if dims is None else dims
        if maximum(dims) > 20000:
            raise Reject
        return Value("", value.dtype, dims, value.bound if bound is None else bound, value.grain, value.error)

    def computed(self, value, dims, bound, grain, error=0.0):
        """A result of the element type of a value, of whichever kind."""
        if value.isReal:
            return self.real(value.dtype, dims, bound, grain, error)
        return self.plain(value.dtype, dims, bound)

    def text(self, extents):
        """An extent as it is written in an input's type."""
        if len(set(extents)) == 1:
            return extents[0]
        for name, values in self.symbols.items():
            if values == extents:
                return name
        return None
