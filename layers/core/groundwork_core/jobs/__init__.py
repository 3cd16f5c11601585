"""Work for the AI team's workers, from asked for to done."""
