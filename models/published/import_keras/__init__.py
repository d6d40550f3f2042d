"""Keras files of standard layers into a torch module, without Keras and without executing anything in them."""
