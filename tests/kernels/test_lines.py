"""Which cells read which places: the lists against the definition."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from nnscratch.kernels.geometry import output_length
from nnscratch.kernels.numba.conv.lines import Line, backward_lines, by_cells, forward_lines

sizes = st.tuples(
    st.integers(1, 12), st.integers(1, 5), st.integers(1, 3), st.integers(1, 3), st.integers(0, 4)
)


def triples(lines: list[Line]) -> list[tuple[int, int, int]]:
    """(written, read, cell), one by one."""
    return sorted(
        (written, read + number * line.step, cell)
        for line in lines
        for written, read in zip(line.written, line.read, strict=True)
        for number, cell in enumerate(line.cells)
    )


@given(sizes)
@settings(deadline=None, max_examples=300, derandomize=True)
def test_lines_are_the_convolution(case: tuple[int, int, int, int, int]) -> None:
    length, size, stride, dilation, pad = case
    outputs = max(output_length(length + 2 * pad, size, stride, dilation), 0)
    forward = [
        (p, p * stride + i * dilation - pad, i)
        for p in range(outputs)
        for i in range(size)
        if 0 <= p * stride + i * dilation - pad < length
    ]
    arguments = (length, size, stride, dilation, pad, outputs)
    assert triples(forward_lines(*arguments)) == forward
    backward = sorted((h, p, i) for p, h, i in forward)
    assert triples(backward_lines(*arguments)) == backward
    for lines in (forward_lines(*arguments), backward_lines(*arguments)):
        assert len({line.cells for line in lines}) == len(lines)
        assert all(line.step >= 1 for line in lines)
        apart = by_cells(lines, range(size))
        assert triples(apart) == triples(lines)
        assert all(list(line.written) == sorted(line.written) for line in apart)
        assert [line.cells for line in apart] == sorted({(i,) for *_, i in triples(lines)})


def test_the_middle_of_an_image_is_one_line() -> None:
    first, middle, last = forward_lines(10, 3, 1, 1, 1, 10)
    assert (first.cells, middle.cells, last.cells) == ((1, 2), (0, 1, 2), (0, 1))
    assert middle.written == tuple(range(1, 9))
    assert middle.read == tuple(range(8))
