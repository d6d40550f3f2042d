"""What a model looks at: attention and attribution through one interface."""
