"""From trained networks to bundles and their cards."""
