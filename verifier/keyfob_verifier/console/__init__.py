"""The console: pages for people who have signed in, over the same services as the HTTP interface."""
