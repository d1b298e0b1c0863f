"""What runs the whole suite on one machine; never deployed."""
