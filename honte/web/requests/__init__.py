"""Requests and answers of the web server: who is let in, sessions, bodies, problems, streams of events."""
