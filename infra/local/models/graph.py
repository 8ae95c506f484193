"""The embedder's network (BERT, 6 layers) as an ONNX graph, written from its weights in int8 or float32.

It reads one text at a time: batches gain nothing on a CPU, and int8 kernels scale their inputs by the largest value in
the batch, so that a text's vector would depend on the texts beside it. Without padding there is no mask either.

Input `ids` is int64 (tokens,); outputs are `tokens` float32 (tokens, 384), the unit vector of every token, and `vector`
float32 (384,), the unit vector of the text: the mean of its tokens, as the published model pools. A run that asks for
one output does not pay for the other.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from infra.local.models.weights import Tensors, Weights

OPSET = 20
LAYERS = 6
HEADS = 12
WIDTH = 384
HEAD_WIDTH = WIDTH // HEADS
EPSILON = 1e-12


class _Graph:
    """Collects nodes and constants; each operation answers with the name of its output."""

    def __init__(self, int8: bool) -> None:
        self.int8 = int8
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []
        self._quantised: set[str] = set()

    def constant(self, value: NDArray[Any]) -> str:
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def numbers(self, *values: int) -> str:
        return self.constant(np.array(values, np.int64))

    def quantise(self, values: str) -> tuple[str, str, str]:
        """uint8 values, their scale and zero point, computed at run time and once however many read them."""
        outputs = (f"{values}_u8", f"{values}_scale", f"{values}_zero")
        if values not in self._quantised:
            self._quantised.add(values)
            self.nodes.append(helper.make_node("DynamicQuantizeLinear", [values], list(outputs)))
        return outputs

    def __call__(self, operation: str, *inputs: str, output: str | None = None, **attributes: Any) -> str:
        name = output or f"n{len(self.nodes)}"
        self.nodes.append(helper.make_node(operation, list(inputs), [name], name=f"{operation}_{name}", **attributes))
        return name


def build(tensors: Tensors, *, int8: bool = True) -> onnx.ModelProto:
    """The whole network; `tensors` by their published names."""
    g = _Graph(int8)
    hidden = _embed(g, tensors)
    for layer in range(LAYERS):
        hidden = _layer(g, tensors, f"encoder.layer.{layer}", hidden)
    g("LpNormalization", hidden, axis=-1, p=2, output="tokens")
    # The sum has the direction of the mean, and only the direction remains.
    g("LpNormalization", g("ReduceSum", hidden, g.numbers(0), keepdims=0), axis=-1, p=2, output="vector")
    return _model(g)


def _model(g: _Graph) -> onnx.ModelProto:
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        g.nodes,
        "all-MiniLM-L6-v2",
        [value("ids", TensorProto.INT64, ["t"])],
        [value("tokens", TensorProto.FLOAT, ["t", WIDTH]), value("vector", TensorProto.FLOAT, [WIDTH])],
        g.constants,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=9)
    onnx.checker.check_model(model)
    return model


def _embed(g: _Graph, tensors: Tensors) -> str:
    """Word + position + segment embedding; a single text has one segment, so its row is added to the positions."""
    positions = tensors["embeddings.position_embeddings.weight"] + tensors["embeddings.token_type_embeddings.weight"][0]
    place = g("Slice", g.constant(positions), g.numbers(0), g("Shape", "ids"), g.numbers(0))
    words = _look_up(g, tensors["embeddings.word_embeddings.weight"])
    return _normalise(g, tensors, "embeddings.LayerNorm", g("Add", words, place))


def _layer(g: _Graph, tensors: Tensors, name: str, hidden: str) -> str:
    attended = _linear(g, tensors, f"{name}.attention.output.dense", _attend(g, tensors, name, hidden))
    hidden = _normalise(g, tensors, f"{name}.attention.output.LayerNorm", g("Add", attended, hidden))
    inner = g("Gelu", _linear(g, tensors, f"{name}.intermediate.dense", hidden))
    outer = _linear(g, tensors, f"{name}.output.dense", inner)
    return _normalise(g, tensors, f"{name}.output.LayerNorm", g("Add", outer, hidden))


def _attend(g: _Graph, tensors: Tensors, name: str, hidden: str) -> str:
    heads = g.numbers(0, HEADS, HEAD_WIDTH)

    def part(which: str, order: list[int]) -> str:
        projected = _linear(g, tensors, f"{name}.attention.self.{which}", hidden)
        return g("Transpose", g("Reshape", projected, heads), perm=order)

    query, key, value = part("query", [1, 0, 2]), part("key", [1, 2, 0]), part("value", [1, 0, 2])
    scaled = g("Mul", g("MatMul", query, key), g.constant(np.array(1 / math.sqrt(HEAD_WIDTH), np.float32)))
    mixed = g("Transpose", g("MatMul", g("Softmax", scaled, axis=-1), value), perm=[1, 0, 2])
    return g("Reshape", mixed, g.numbers(0, WIDTH))


def _look_up(g: _Graph, table: Weights) -> str:
    """The rows of `table` that `ids` names; as int8, a third of the process's memory less."""
    if not g.int8:
        return g("Gather", g.constant(table), "ids", axis=0)
    rows, scales = _quantised(table, 127)
    picked = g("Cast", g("Gather", g.constant(rows), "ids", axis=0), to=TensorProto.FLOAT)
    return g("Mul", picked, g("Gather", g.constant(scales), "ids", axis=0))


def _linear(g: _Graph, tensors: Tensors, name: str, hidden: str) -> str:
    weights = tensors[f"{name}.weight"]
    product = _product(g, hidden, weights) if g.int8 else g("MatMul", hidden, g.constant(weights.T))
    return g("Add", product, g.constant(tensors[f"{name}.bias"]))


def _product(g: _Graph, hidden: str, weights: Weights) -> str:
    """`hidden` times the transposed `weights` in integers; onnxruntime runs these nodes as one.

    One scale for each output: a single one for the matrix costs four percent of the cosine. Seven bits: the AVX2 kernel
    adds pairs of products in 16 bits and saturates on eight.
    """
    rows, scales = _quantised(weights, 63)
    values, scale, zero = g.quantise(hidden)
    product = g("MatMulInteger", values, g.constant(rows.T), zero)
    return g("Mul", g("Cast", product, to=TensorProto.FLOAT), g("Mul", scale, g.constant(scales[:, 0])))


def _quantised(weights: Weights, limit: int) -> tuple[NDArray[np.int8], Weights]:
    """Integers within ±`limit` and the scale of each row, (rows, 1), that gives the weights back."""
    scales = np.maximum(np.abs(weights).max(axis=1, keepdims=True), EPSILON) / limit
    return np.rint(weights / scales).astype(np.int8), scales.astype(np.float32)


def _normalise(g: _Graph, tensors: Tensors, name: str, hidden: str) -> str:
    scale, shift = g.constant(tensors[f"{name}.weight"]), g.constant(tensors[f"{name}.bias"])
    return g("LayerNormalization", hidden, scale, shift, axis=-1, epsilon=EPSILON)
