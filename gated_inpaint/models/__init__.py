"""The systems of the house, one folder a paper. `contract` says what each has to have; `registry` finds them by name."""
