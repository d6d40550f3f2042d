"""Which interpretation should one believe: architectures × methods against data whose sites are known."""
