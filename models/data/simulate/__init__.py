"""A simulated regulatory genome whose binding sites are known to the base pair."""
