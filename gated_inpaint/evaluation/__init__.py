"""How good completed pictures are: metrics."""
