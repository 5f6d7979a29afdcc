"""Tables for print, the report page and the archive that a reviewer rebuilds it from."""
