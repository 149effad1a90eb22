"""Reading what a training step already is: measurements, figures and a report page."""
