"""Numbers in memory that several threads read and write, each time whole and in one order for all.

`cells` is an int64 array. All is sequentially consistent: what one thread wrote before it stored a
number, another that loads this number sees.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import types

from .jit import generated

ORDER = "seq_cst"
PAUSES = {"x86_64": ("llvm.x86.sse2.pause", ()), "aarch64": ("llvm.aarch64.hint", (1,))}
"""By processor: LLVM's function that tells it that this thread only waits, and its argument."""


def _address(context: Any, builder: Any, signature: Any, values: Any) -> Any:
    cells = context.make_array(signature.args[0])(context, builder, values[0])
    return builder.gep(cells.data, [values[1]])


@generated
def load(typing: Any, cells: Any, index: Any) -> Any:
    """The number in a cell."""

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        return builder.load_atomic(_address(context, builder, signature, values), ORDER, 8)

    return types.int64(cells, types.intp), generate


@generated
def store(typing: Any, cells: Any, index: Any, number: Any) -> Any:
    """Replace the number in a cell."""

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        builder.store_atomic(values[2], _address(context, builder, signature, values), ORDER, 8)
        return context.get_dummy_value()

    return types.void(cells, types.intp, types.int64), generate


@generated
def add(typing: Any, cells: Any, index: Any, number: Any) -> Any:
    """Add to the number in a cell; returns what it was before."""

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        place = _address(context, builder, signature, values)
        return builder.atomic_rmw("add", place, values[2], ORDER)

    return types.int64(cells, types.intp, types.int64), generate


@generated
def replace(typing: Any, cells: Any, index: Any, old: Any, new: Any) -> Any:
    """Replace the number in a cell if it is `old`; returns whether it was."""

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        place = _address(context, builder, signature, values)
        pair = builder.cmpxchg(place, values[2], values[3], ORDER, ORDER)
        return builder.extract_value(pair, 1)

    return types.boolean(cells, types.intp, types.int64, types.int64), generate


@generated
def pause(typing: Any) -> Any:
    """What belongs into a loop that waits for a cell: the other threads of the core run faster."""

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        module = builder.module
        name, numbers = PAUSES.get(module.triple.partition("-")[0], ("", ()))
        if name:
            arguments = [ir.Constant(ir.IntType(32), number) for number in numbers]
            kind = ir.FunctionType(ir.VoidType(), [ir.IntType(32)] * len(numbers))
            function = module.globals.get(name) or ir.Function(module, kind, name)
            builder.call(function, arguments)
        return context.get_dummy_value()

    return types.void(), generate
