"""Arrays that behave as CuPy's do where that differs from NumPy, on the CPU.

A device array is no NumPy array: the two cannot be mixed, and nothing turns one into the other but
`asarray` and `get`, which are counted. Reading a single number with `float`, `int`, `bool`, `item`
or `tolist` is counted too: on a GPU it waits for all that was launched before.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np

transfers: Counter[str] = Counter()
"""How many arrays went "in" and "out"."""

LACKING = (
    "asmatrix block bmat char ctypeslib datetime64 einsum_path emath errstate float128 frompyfunc "
    "fromregex geomspace getbufsize geterr histogram_bin_edges insert isnat longdouble ma matrix "
    "matvec memmap nanpercentile nanquantile ndenumerate nditer nested_iters object_ polydiv "
    "polyint rec recarray record seterr spacing str_ strings timedelta64 unstack vecdot vecmat void"
)
"""What NumPy has and CuPy 14.2 has not."""

LACKING_METHODS = ("ctypes", "getfield", "resize", "setfield", "setflags", "to_device")
"""Likewise of its arrays; nor is one of them an index."""

PLAIN = (bool, int, float, np.generic, type(None), str, type, np.dtype, type(...), slice)


class Flags:
    """Those that CuPy's arrays have; none of them can be set."""

    __slots__ = ("c_contiguous", "f_contiguous", "owndata")

    def __init__(self, flags: Any):
        self.c_contiguous, self.f_contiguous = flags.c_contiguous, flags.f_contiguous
        self.owndata = flags.owndata


class DeviceArray(np.lib.mixins.NDArrayOperatorsMixin):
    """A NumPy array that keeps to itself."""

    def __init__(self, host: np.ndarray[Any, Any]):
        self.host = host

    def __array__(self, *_: Any, **__: Any) -> Any:
        raise TypeError("Implicit conversion to a NumPy array is not allowed: use .get()")

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        return wrapped(getattr(ufunc, method)(*unwrapped(inputs), **unwrapped(options)))

    def __array_function__(self, function: Any, types: Any, inputs: Any, options: Any) -> Any:
        return wrapped(function(*unwrapped(inputs), **unwrapped(options)))

    def __getattr__(self, name: str) -> Any:
        if name in ("__array_interface__", "__array_struct__", *LACKING_METHODS):
            raise AttributeError(name)
        found = getattr(self.host, name)
        if name in ("tobytes", "dump", "tofile"):
            transfers["out"] += 1
            return found
        return Wrapped(found) if callable(found) and name != "dtype" else wrapped(found)

    @property
    def __cuda_array_interface__(self) -> dict[str, Any]:
        return {"shape": self.shape, "typestr": self.host.dtype.str, "version": 3}

    @property
    def flags(self) -> Flags:
        return Flags(self.host.flags)

    def __getitem__(self, place: Any) -> Any:
        return wrapped(self.host[unwrapped(place)])

    def __setitem__(self, place: Any, value: Any) -> None:
        self.host[unwrapped(place)] = unwrapped(value)

    def __len__(self) -> int:
        return len(self.host)

    def __iter__(self) -> Any:
        return (wrapped(self.host[i, ...]) for i in range(len(self.host)))

    def __repr__(self) -> str:
        return f"DeviceArray({self.host!r})"

    def get(self) -> np.ndarray[Any, Any]:
        """A NumPy array with these numbers."""
        transfers["out"] += 1
        return self.host.copy()

    def item(self, *place: Any) -> Any:
        transfers["out"] += 1
        return self.host.item(*place)

    def tolist(self) -> Any:
        transfers["out"] += 1
        return self.host.tolist()

    def __float__(self) -> float:
        return float(self.item())

    def __int__(self) -> int:
        return int(self.item())

    def __bool__(self) -> bool:
        return bool(self.item())

    def __copy__(self) -> DeviceArray:
        return DeviceArray(self.host.copy())

    def __deepcopy__(self, _: Any) -> DeviceArray:
        return DeviceArray(self.host.copy())


def wrapped(value: Any) -> Any:
    """Device arrays of what NumPy has computed; its scalars are arrays without axes, as CuPy's."""
    if isinstance(value, np.ndarray | np.generic):
        return DeviceArray(np.asarray(value))
    if isinstance(value, list | tuple) and any(isinstance(v, np.ndarray) for v in value):
        return type(value)(wrapped(part) for part in value)
    return value


def unwrapped(value: Any) -> Any:
    """NumPy arrays of what is on the device; a NumPy array among it is refused, as CuPy does."""
    if isinstance(value, DeviceArray):
        return value.host
    if isinstance(value, list | tuple):
        return type(value)(unwrapped(part) for part in value)
    if isinstance(value, dict):
        return {name: unwrapped(part) for name, part in value.items()}
    if isinstance(value, np.ndarray):
        raise TypeError("Unsupported type <class 'numpy.ndarray'>: it is not on the device")
    return value


class Wrapped:
    """A function of NumPy's for device arrays; its own functions too, such as `add.reduce`."""

    def __init__(self, function: Any):
        self.function = function

    def __call__(self, *inputs: Any, **options: Any) -> Any:
        return wrapped(self.function(*unwrapped(inputs), **unwrapped(options)))

    def __getattr__(self, name: str) -> Any:
        if name == "at":
            raise TypeError(f"{self.function.__name__}.at: a GPU adds in no fixed order")
        return Wrapped(getattr(self.function, name))


class ArrayModule:
    """What stands for the module `cupy`."""

    ndarray = DeviceArray

    def __getattr__(self, name: str) -> Any:
        if name in LACKING.split():
            raise AttributeError(f"module 'cupy' has no attribute {name!r}")
        found = getattr(np, name)
        return found if isinstance(found, PLAIN) else Wrapped(found)

    def asarray(self, value: Any, dtype: Any = None) -> DeviceArray:
        """The same array if it is on the device, else a copy that is."""
        if isinstance(value, DeviceArray):
            return value if dtype is None else DeviceArray(value.host.astype(dtype, copy=False))
        transfers["in"] += 1
        return DeviceArray(np.array(value, dtype))

    array = asarray

    def empty(self, shape: Any, dtype: Any = float) -> DeviceArray:
        """Memory full of NaN, or of the largest integers, in the middle of a void."""
        dtype = np.dtype(dtype)
        count = int(np.prod(shape, dtype=np.int64))
        whole = np.full(2 * VOID + count * dtype.itemsize, 0xFF, np.uint8)
        return DeviceArray(whole[VOID:-VOID].view(dtype).reshape(shape))

    def empty_like(self, array: DeviceArray) -> DeviceArray:
        """As `empty`."""
        return self.empty(array.shape, array.dtype)

    def ascontiguousarray(self, array: DeviceArray) -> DeviceArray:
        """The same array where it is contiguous."""
        if array.host.flags.c_contiguous:
            return array
        return DeviceArray(np.ascontiguousarray(unwrapped(array)))


VOID = 4096
"""Bytes around an array that belong to nobody."""
