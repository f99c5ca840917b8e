"""Load as it comes from outside: scheduled beforehand, waiting for nobody, every message checked."""
