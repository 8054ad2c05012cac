"""Programs that run in an interpreter that has nothing but an installed root."""
