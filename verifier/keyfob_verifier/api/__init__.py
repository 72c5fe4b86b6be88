"""The HTTP interface: a thin shell over the services."""
