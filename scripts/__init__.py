"""What `make` runs beside the server."""
