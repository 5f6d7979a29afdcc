"""The words of the report, a module for each section of `cacs_cxr.report.contents`."""
