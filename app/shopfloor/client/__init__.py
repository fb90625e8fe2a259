"""How faces reach the engine and the workspace: a socket, a start, a delivery."""
