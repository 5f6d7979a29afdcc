"""From radiograph files to one 8-bit array: header index, grey values, geometry and the image store."""
