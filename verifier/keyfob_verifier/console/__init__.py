"""The console: pages for people, over a session of their own."""
