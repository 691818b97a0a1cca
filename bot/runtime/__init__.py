"""The edge that ticks: the clock, the timer, worker processes, health."""
