"""Width: how many of a layer's units really differ, from the first step to the last."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from nnscratch.doctor.chart import Chart
from nnscratch.doctor.finding import Evidence
from nnscratch.inspect import units


@dataclass(frozen=True)
class Width:
    """Of one kernel."""

    path: str
    units: int
    course: Mapping[int, int]
    """Units that differ, by step."""
    gradients: int
    """Units whose first gradients differ."""
    rank: int | None
    """Of the kernel at the end: its linearly independent units."""

    @property
    def first(self) -> int:
        """Before any step."""
        return self.course[min(self.course)]

    @property
    def last(self) -> int:
        """After all of them."""
        return self.course[max(self.course)]

    @property
    def evidence(self) -> Evidence:
        """The numbers, with the steps at which they changed."""
        changes, before = [], None
        for index, count in sorted(self.course.items()):
            if count != before:
                changes.append(f"{count} from step {index} on")
            before = count
        rank = "" if self.rank is None else f"; at the end {self.rank} are linearly independent"
        return Evidence(
            f"{self.path}: of {self.units} units differ {', '.join(changes)}; they got "
            f"{self.gradients} different first gradients{rank}",
            step=min(self.course),
            numbers={
                "units": self.units,
                "first": self.first,
                "last": self.last,
                "gradients": self.gradients,
            },
        )


def width(chart: Chart, path: str) -> Width:
    """That of a kernel of which some units began equal."""
    begin, end = chart.begin, chart.end
    looks = {pace.index: pace.distinct[path] for pace in chart.course.paces}
    kernel = chart.model.backend.to_host(chart.model.params[path])
    return Width(
        path=path,
        units=begin.kernels[path].units,
        course={
            begin.index: begin.kernels[path].distinct,
            **looks,
            end.index: end.kernels[path].distinct,
        },
        gradients=begin.kernels[path].distinct_gradients,
        rank=units.rank(kernel),
    )
