"""The paper's user study, for anyone: people rate pictures and do not know which method made them.

  make         folders of completed pictures -> a page and its pictures to hand out, and the key
  page.html    one picture at a time to rate, or two to choose from; saves a file of answers
  answers      files of answers and the key -> who answered what on which method
  statistics   bootstrap over people and photos, Wilson's interval, Krippendorff's alpha
  report       all answers -> Markdown, CSV and a plot; the paper's published ratings apart
  plot         means and shares with their intervals, as SVG

`gated-inpaint study make ...` and `... report ...` run it. Neither needs TensorFlow.
"""
