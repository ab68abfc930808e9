"""Neural networks: modules, functions of tensors, losses, data and training."""
