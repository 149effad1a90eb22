"""The layers, one file per family; forward and backward stand side by side."""
