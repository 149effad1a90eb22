"""Studies of failing trainings: variants, measurements and claims; a folder for each question."""
