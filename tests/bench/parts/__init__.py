"""The parts of the measurement: each says how it is measured, what is to be reached, and how that is told."""
