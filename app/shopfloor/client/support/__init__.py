"""One file for whoever helps from afar: what a workspace is and did, without its data and without secrets."""
