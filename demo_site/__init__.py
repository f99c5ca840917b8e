"""A made-up shop on another origin, to show and to test the widget in pages that are not ours."""
