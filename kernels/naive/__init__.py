"""Plain Python loops: the specification in executable form, for tests only."""
