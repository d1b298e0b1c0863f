"""Racing silks: from a description's words to a typed silk, and from that to a drawing."""
