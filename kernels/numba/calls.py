"""Compiled functions as numbers: what one thread needs in order to call what another one has.

A task is a compiled function of an item's number, a seat (which of the threads it runs on) and
whatever arguments. `task_entry(task, arguments)` makes a function of three numbers from it, the
same for all tasks, and is its address: an entry. `held(arguments)` is the address of the arguments,
valid until the function that asked for it returns. `call` calls an entry.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import typeof
from numba.core import cgutils, types

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


def borrowed(context: Any, builder: Any, kind: Any, value: Any) -> Any:
    """The same value, whose arrays hold nothing alive.

    Each view of an array counts its owners up and down, and threads that do so by turns wait for
    each other: the counter travels from core to core.
    """
    if isinstance(kind, types.BaseTuple):
        kinds: Any = kind
        given = zip(kinds, cgutils.unpack_tuple(builder, value), strict=True)
        inner = [borrowed(context, builder, *element) for element in given]
        return context.make_tuple(builder, kind, inner)
    if isinstance(kind, types.Array):
        array = context.make_array(kind)(context, builder, value)
        array.meminfo = cgutils.get_null_value(array.meminfo.type)
        array.parent = cgutils.get_null_value(array.parent.type)
        return array._getvalue()
    return value


@generated
def task_entry(typing: Any, task: Any, arguments: Any) -> Any:
    """The address of a function that calls the task."""
    leading = (types.intp, types.intp)

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        called = task.get_call_type(context.typing_context, (*leading, *arguments.types), {})
        compiled = task.dispatcher.get_compile_result(called)

        def given(inner: Any, value: Any, item: Any, seat: Any) -> list[Any]:
            shared = cgutils.unpack_tuple(inner, borrowed(context, inner, arguments, value))
            return [item, seat, *shared]

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
                *(
                    part(context, inner, *y, start, count)
                    for y in zip(outputs, filled, strict=True)
                ),
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
    """Call an entry with what `held` holds; 0, or anything else after an error."""

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        function, *given = values
        return builder.call(builder.inttoptr(function, KIND.as_pointer()), given)

    return types.int64(types.int64, types.int64, types.int64, types.int64), generate


@generated
def call_at(typing: Any, address: Any, arguments: Any) -> Any:
    """Call a compiled function, which returns nothing, by its `address`.

    Whoever calls it by name has a copy of its code, optimised again: for a large one that takes
    seconds.
    """
    kinds = [types.unliteral(kind) for kind in arguments.types]

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        place, given = values
        convention = context.call_conv
        function = builder.inttoptr(
            place, convention.get_function_type(types.none, kinds).as_pointer()
        )
        numbers = [
            context.cast(builder, value, *pair)
            for value, *pair in zip(
                cgutils.unpack_tuple(builder, given), arguments.types, kinds, strict=True
            )
        ]
        status, _ = convention.call_function(builder, function, types.none, kinds, numbers)
        with cgutils.if_unlikely(builder, status.is_error):
            convention.return_status_propagate(builder, status)
        return context.get_dummy_value()

    return types.void(types.int64, arguments), generate


def address(function: Any, *arguments: Any) -> int:
    """Where a compiled function is that takes such arguments."""
    compiled = function.get_compile_result(types.void(*map(typeof, arguments)))
    return int(compiled.library.get_pointer_to_function(compiled.fndesc.llvm_func_name))
