"""The doctor: watches a training, names what ails it, and shows the evidence."""
