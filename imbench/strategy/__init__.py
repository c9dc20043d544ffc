"""What a remedy is made of: parts, recipes, composition, trials."""
