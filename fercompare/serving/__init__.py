"""A page on this machine where models look at the same faces, side by side."""
