"""How good completed pictures are: methods, photos and masks to tables and pictures.

  metrics      two pictures and a mask -> l1, l2, PSNR, SSIM, ...
  perceptual   LPIPS and FID, with networks that the user has
  protocol     a source of photos and kinds of masks -> the cases that every method is given
  methods/     one file a method: a photo with a hole -> a completed picture
  rows         a row for each case and method, in a file from which a killed evaluation goes on
  tables       rows -> means over all and by the size of the hole, as Markdown; the paper's published figures
  pictures     what every method made, in files
  sheet        the same side by side
  options      what an evaluation can be told
  evaluate     all of it

`gated-inpaint evaluate --images photos/ --output results/` runs it.
"""
