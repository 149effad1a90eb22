"""Numba's files of machine code, with checksums: a damaged one counts as missing.

Numba itself would end the program with an error of the reader, or run what it has read.
"""

from __future__ import annotations

import hashlib
import io
import pickle
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

from numba.core.caching import IndexDataCacheFile

DIGEST = hashlib.sha256().digest_size


class CodeFiles(IndexDataCacheFile):
    """The index of a function's compilations, and a file for each of them."""

    @classmethod
    def replacing(cls, dispatcher: Any) -> None:
        """Let a compiled function keep its code so."""
        cache = dispatcher._cache
        stamp = cache._impl.locator.get_source_stamp()
        cache._cache_file = cls(cache.cache_path, cache._impl.filename_base, stamp)

    def save(self, key: Any, data: Any) -> None:
        """Keep a compilation; where that fails, say so and go on: the code itself is there."""
        files = cast(Any, self)
        try:
            name = self._load_index().get(key) or self._own_name(key)
            files._save_data(name, data)
            names = self._load_index()
            if key not in names:
                files._save_index({**names, key: name})
        except OSError as error:
            warnings.warn(
                f"nnscratch: a compiled kernel could not be kept ({error}); the next process "
                "compiles it anew: make room, or set NNSCRATCH_CACHE_DIR to another folder",
                RuntimeWarning,
                stacklevel=2,
            )

    def _own_name(self, key: Any) -> str:
        """The name of a file that is for this key alone.

        Numba numbers them: of two processes that compile at the same time, for different arguments,
        both would take the same number, and one be given the other's code.
        """
        files = cast(Any, self)
        digest = hashlib.sha256(files._dump(key)).hexdigest()[:16]
        return f"{files._index_name.removesuffix('nbi')}{digest}.nbc"

    @contextmanager
    def _open_for_write(self, filepath: str) -> Iterator[io.BytesIO]:
        content = io.BytesIO()
        yield content
        with super()._open_for_write(filepath) as file:
            file.write(hashlib.sha256(content.getvalue()).digest() + content.getvalue())

    def _load_index(self) -> dict[Any, str]:
        content = checked(self._index_path)
        if content is None:
            return {}
        stream = io.BytesIO(content)
        if pickle.load(stream) != self._version:
            return {}
        stamp, names = pickle.load(stream)
        return dict(names) if stamp == self._source_stamp else {}

    def _load_data(self, name: str) -> Any:
        content = checked(cast(Any, self)._data_path(name))
        if content is None:
            raise FileNotFoundError(name)  # which the caller takes for what it is
        return pickle.loads(content)


def checked(path: str) -> bytes | None:
    """What a file holds behind its checksum; None if there is no such file, or it is damaged."""
    try:
        whole = Path(path).read_bytes()
    except FileNotFoundError:
        return None
    digest, content = whole[:DIGEST], whole[DIGEST:]
    return content if digest == hashlib.sha256(content).digest() else None
