"""The whole generator of DeepFill v2 as tables, one row a convolution, named as in the authors' files.

A row is a gated convolution; its channels are counted before the split into features and gates, in units of the base width (48 as
released), so the next row sees half of them. Every activation is ELU and every padding 'SAME' unless a row says otherwise. A last
row is a plain convolution to three channels, through tanh.

For the paper's ablations the rows can be partial or vanilla convolutions instead. Nothing is split there, so a row makes what it
takes to cost the same: with L channels before the split and L / 2 behind that of a row like it, a gated row has L * L / 2 kernels;
one that makes and reads L / sqrt(2) has as many. At width 48 that is 34, 68 and 136 channels for 48, 96 and 192; in all, for one
picture of 256x256, with 2 operations a multiplication:

                             gated    partial, vanilla
  parameters             4,052,478    4,061,306 (+0.2%)
  convolutions, GFLOP         50.4         50.1 (-0.6%)
  attention, GFLOP             5.0          7.1 (it compares 136 channels, where the gated network leaves it 96)
  together                    55.4         57.2 (+3.2%)

Reference: "Free-Form Image Inpainting with Gated Convolution", arXiv 1806.03589, figure 3; version 2.0.0 of the authors' code.
"""

import math

from gated_inpaint.models.rows import Conv, LastConv
from gated_inpaint.models.two_stage import Tables

COARSE = (
    Conv("conv1", 5, 1),
    Conv("conv2_downsample", 3, 2, stride=2),
    Conv("conv3", 3, 2),
    Conv("conv4_downsample", 3, 4, stride=2),
    Conv("conv5", 3, 4),
    Conv("conv6", 3, 4),
    Conv("conv7_atrous", 3, 4, rate=2),
    Conv("conv8_atrous", 3, 4, rate=4),
    Conv("conv9_atrous", 3, 4, rate=8),
    Conv("conv10_atrous", 3, 4, rate=16),
    Conv("conv11", 3, 4),
    Conv("conv12", 3, 4),
    Conv("conv13_upsample/conv13_upsample_conv", 3, 2, upsample=True),
    Conv("conv14", 3, 2),
    Conv("conv15_upsample/conv15_upsample_conv", 3, 1, upsample=True),
    Conv("conv16", 3, 0.5),
    LastConv("conv17", 3),
)

HALLUCINATION = (
    Conv("xconv1", 5, 1),
    Conv("xconv2_downsample", 3, 1, stride=2),
    Conv("xconv3", 3, 2),
    Conv("xconv4_downsample", 3, 2, stride=2),
    Conv("xconv5", 3, 4),
    Conv("xconv6", 3, 4),
    Conv("xconv7_atrous", 3, 4, rate=2),
    Conv("xconv8_atrous", 3, 4, rate=4),
    Conv("xconv9_atrous", 3, 4, rate=8),
    Conv("xconv10_atrous", 3, 4, rate=16),
)

BEFORE_ATTENTION = (
    Conv("pmconv1", 5, 1),
    Conv("pmconv2_downsample", 3, 1, stride=2),
    Conv("pmconv3", 3, 2),
    Conv("pmconv4_downsample", 3, 4, stride=2),
    Conv("pmconv5", 3, 4),
    Conv("pmconv6", 3, 4, activation="relu"),
)

AFTER_ATTENTION = (
    Conv("pmconv9", 3, 4),
    Conv("pmconv10", 3, 4),
)

DECODER = (
    Conv("allconv11", 3, 4),
    Conv("allconv12", 3, 4),
    Conv("allconv13_upsample/allconv13_upsample_conv", 3, 2, upsample=True),
    Conv("allconv14", 3, 2),
    Conv("allconv15_upsample/allconv15_upsample_conv", 3, 1, upsample=True),
    Conv("allconv16", 3, 0.5),
    LastConv("allconv17", 3),
)

TABLES = Tables(COARSE, HALLUCINATION, BEFORE_ATTENTION, AFTER_ATTENTION, DECODER)


def channels_of(row, width, convolution):
    """Channels of a row's convolution: before the split if it is gated, else as many as cost the same (see above)."""
    return int(row.channels * width) if convolution == "gated" else round(row.channels * width / math.sqrt(2))
