"""The routes of the web server, one class for each part of the page."""
