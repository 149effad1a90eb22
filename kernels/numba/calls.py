"""Compiled functions as numbers: what one thread needs in order to call what another one has.

A task is a compiled function of an item's number, a seat (which of the threads it runs on) and
whatever arguments. `entry(task, arguments)` makes a function of three numbers from it, the same for
all tasks, and is its address; `held(arguments)` is the address of the arguments, valid until the
function that asked for it returns. `call` calls.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.core.imputils import impl_ret_borrowed

from .jit import generated

INT = ir.IntType(64)
KIND = ir.FunctionType(INT, [INT, INT, INT])
"""Of the arguments' address, the item and the seat: 0, or anything else after an error."""


def _entry(context: Any, builder: Any, compiled: Any, arguments: Any, given: Any) -> Any:
    """The address of a function that calls a compiled one with what `given` makes of its own.

    `given` is a function of the builder, the arguments' tuple, the item and the seat.
    """
    context.active_code_library.add_linking_library(compiled.library)
    name = f"nnscratch_entry_{compiled.fndesc.mangled_name}"
    function = builder.module.globals.get(name)
    if function is None:
        function = ir.Function(builder.module, KIND, name)
        function.linkage = "internal"
        inner = ir.IRBuilder(function.append_basic_block())
        address, item, seat = function.args
        place = inner.inttoptr(address, context.get_value_type(arguments).as_pointer())
        status, _ = context.call_internal_no_propagate(
            inner, compiled.fndesc, compiled.signature, given(inner, inner.load(place), item, seat)
        )
        inner.ret(inner.zext(status.is_error, INT))
    return builder.ptrtoint(function, INT)


@generated
def entry(typing: Any, task: Any, arguments: Any) -> Any:
    """The address of a function that calls the task."""
    leading = (types.intp, types.intp)

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        called = task.get_call_type(context.typing_context, (*leading, *arguments.types), {})
        compiled = task.dispatcher.get_compile_result(called)

        def given(inner: Any, value: Any, item: Any, seat: Any) -> list[Any]:
            return [item, seat, *cgutils.unpack_tuple(inner, value)]

        return _entry(context, builder, compiled, arguments, given)

    return types.int64(task, arguments), generate


@generated
def block_entry(typing: Any, kernel: Any, arguments: Any) -> Any:
    """The address of a function that calls the kernel on a block of arrays.

    `arguments` are edges (B + 1,) and four tuples. Block b goes from edges[b] to edges[b + 1]. The
    kernel is given that part of each of the first tuple's arrays, along their first axis; then all
    that is in the second; such parts of the third one's; and row b of each of the fourth one's.
    """
    edges, inputs, whole, outputs, rows = arguments.types
    row_types = [types.Array(row.dtype, row.ndim - 1, "C") for row in rows]

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        given_types = (*inputs, *whole, *outputs, *row_types)
        called = kernel.get_call_type(context.typing_context, given_types, {})
        compiled = kernel.dispatcher.get_compile_result(called)

        def given(inner: Any, value: Any, item: Any, seat: Any) -> list[Any]:
            bounds, *groups = cgutils.unpack_tuple(inner, value)
            edge = context.make_array(edges)(context, inner, bounds).data
            start = inner.load(inner.gep(edge, [item]))
            stop = inner.load(inner.gep(edge, [inner.add(item, INT(1))]))
            count = inner.sub(stop, start)
            read, as_they_are, filled, apart = (cgutils.unpack_tuple(inner, g) for g in groups)
            return [
                *(part(context, inner, *x, start, count) for x in zip(inputs, read, strict=True)),
                *as_they_are,
                *(part(context, inner, *y, start, count) for y in zip(outputs, filled, strict=True)),
                *(row(context, inner, *r, item) for r in zip(rows, apart, strict=True)),
            ]

        return _entry(context, builder, compiled, arguments, given)

    return types.int64(kernel, arguments), generate


def part(context: Any, builder: Any, kind: Any, value: Any, start: Any, count: Any) -> Any:
    """value[start : start + count]."""
    shape = cgutils.unpack_tuple(builder, context.make_array(kind)(context, builder, value).shape)
    return _view(context, builder, kind, value, kind, start, [count, *shape[1:]])


def row(context: Any, builder: Any, kind: Any, value: Any, index: Any) -> Any:
    """value[index]."""
    shape = cgutils.unpack_tuple(builder, context.make_array(kind)(context, builder, value).shape)
    lower = types.Array(kind.dtype, kind.ndim - 1, "C")
    return _view(context, builder, kind, value, lower, index, shape[1:])


def _view(
    context: Any, builder: Any, kind: Any, value: Any, target: Any, start: Any, shape: list[Any]
) -> Any:
    """What begins at an index of a contiguous array's first axis; it holds nothing alive."""
    array = context.make_array(kind)(context, builder, value)
    strides = cgutils.unpack_tuple(builder, array.strides)
    view = context.make_array(target)(context, builder)
    count = INT(1)
    for length in shape:
        count = builder.mul(count, length)
    address = builder.add(builder.ptrtoint(array.data, INT), builder.mul(start, strides[0]))
    view.data = builder.inttoptr(address, array.data.type)
    view.itemsize, view.nitems = array.itemsize, count
    view.shape = cgutils.pack_array(builder, shape)
    view.strides = cgutils.pack_array(builder, strides[len(strides) - len(shape) :])
    view.meminfo = cgutils.get_null_value(view.meminfo.type)
    view.parent = cgutils.get_null_value(view.parent.type)
    return view._getvalue()


@generated
def held(typing: Any, arguments: Any) -> Any:
    """The address of a copy of a tuple, in the memory of the function that asks."""

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        return builder.ptrtoint(cgutils.alloca_once_value(builder, values[0]), INT)

    return types.int64(arguments), generate


@generated
def call(typing: Any, address: Any, arguments: Any, item: Any, seat: Any) -> Any:
    """Call what `entry` made with what `held` holds; 0, or anything else after an error."""

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        function, *given = values
        return builder.call(builder.inttoptr(function, KIND.as_pointer()), given)

    return types.int64(types.int64, types.int64, types.int64, types.int64), generate


@generated
def for_reading(typing: Any, x: Any) -> Any:
    """A contiguous array as a read-only one, so that functions that read are compiled once."""
    if x.layout != "C":
        raise TypeError(f"for_reading: expected a contiguous array, got {x}")

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        return impl_ret_borrowed(context, builder, signature.return_type, values[0])

    return x.copy(readonly=True)(x), generate
