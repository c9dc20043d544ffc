"""The truth about data: where it comes from, how it is split, thinned and preprocessed."""
