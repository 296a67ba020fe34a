"""What thinks behind the page: searches that all clients share, opponents, solvers, analyses and reviews."""
