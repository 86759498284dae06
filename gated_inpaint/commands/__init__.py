"""The mains: the only place that reads flags. Nothing is imported here, so that each command brings what it needs alone.

  main                 `gated-inpaint`: from a subcommand's name to its module
  parsing              absl's flags in values of one command's own, --help, and what is wrong with flags in one line
  streams              stdout and stderr that never keep a command from finishing
  complete, edit, train, evaluate, export, weights, data, study
                       a subcommand each: its docstring is its help, and it has

                         ARGUMENTS = ("convert", "SOURCE", "TARGET")    words and values beside flags; () where there are none
                         def define_flags(values, argv): ...            defines them in an absl FlagValues
                         def run(values, *arguments): ...               what it does; prints results, raises InputError

  complete_by_server   completes a photo through a server; needs nothing but Python's own library

`test_main.py`, `train_main.py` and `python -m gated_inpaint.NAME` run the same modules.
"""
