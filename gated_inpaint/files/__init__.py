"""Files: pictures, masks and how they pair, writing that is whole or not at all, and the weight files of other frameworks."""
