"""Programs of torch.export as torch modules, without torch's reader and without executing anything in them."""
