"""The minute: what is due, what is missed, who lags, how healthy the suite is."""
