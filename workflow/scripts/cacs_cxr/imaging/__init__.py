"""Radiographs as files become radiographs as the networks see them: an index of headers, then grey values and geometry.

Files are untrusted: whatever is wrong with one is a machine-readable reason in its row, never a traceback, and no name,
date, identifier or free text of a header leaves the index.
"""
