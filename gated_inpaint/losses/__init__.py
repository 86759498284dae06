"""Loss functions that more than one paper uses, each a plain function of tensors."""
