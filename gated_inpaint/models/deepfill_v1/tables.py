"""The whole generator of DeepFill v1 as tables, one row a convolution, named as in the authors' files.

A row is an ordinary convolution; its channels are in units of the base width (32 as released). Every activation is ELU and every
padding 'SAME' unless a row says otherwise. A last row has three channels, clipped to [-1, 1].

Reference: "Generative Image Inpainting with Contextual Attention", arXiv 1801.07892, figure 4; version 1.0.0 of the authors' code.
"""

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
