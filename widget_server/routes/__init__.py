"""Route groups: each turns requests and frames into actions and back."""
