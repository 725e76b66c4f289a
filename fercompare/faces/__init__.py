"""From a picture to the faces in it, and from a face to what a model sees in it."""
