"""The web page: a place to play and to study every game in a browser.

``static/`` holds the page: HTML, CSS and ES modules, without a build step.
"""
