"""Training: recipes, what a network is fed, the loop, checkpoints; the models that ship."""
