"""Ways of looking at a Step."""
