"""Who made the loss fall: the learning ledger as evidence."""

from __future__ import annotations

from nnscratch.doctor.chart import Chart
from nnscratch.doctor.finding import Evidence
from nnscratch.doctor.outcome import counted


def earnings(chart: Chart) -> tuple[Evidence, ...]:
    """The shares of kernels, biases and norm parameters; nothing where no step was booked.

    Each booked step's loss changes by the sum over the weights of g . dw, to within the residual.
    """
    ledger = chart.course.ledger
    if not ledger.steps or not ledger.total:
        return ()
    shares = {group: earned / ledger.total for group, earned in ledger.groups.items()}
    told = ", ".join(f"{share:.0%} of it from the {group}" for group, share in shares.items())
    seen = Evidence(
        f"{counted(len(ledger.steps), 'step')} booked, the last of them {ledger.steps[-1]}, "
        f"changed the loss of their batches by {ledger.real:.3g}; along the gradients {told} "
        f"(residual {ledger.residual:.2g})",
        step=ledger.steps[-1],
        numbers={"real": ledger.real, "residual": ledger.residual, **shares},
    )
    return (seen,)
