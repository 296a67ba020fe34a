"""The web page: a place to play and to study every game in a browser.

The browser owns the game, a tree of moves; the server owns rules, search and truth. Every request carries the whole
position, so a server that was started again needs nothing but the request. ``server`` starts it, ``app`` has the
routes, ``guard`` keeps others out, ``search_service`` lets all clients of a model share one search.

``static/`` holds the page: HTML, CSS and ES modules, without a build step.
"""
