"""One module a noun; each is imported only when its command is used."""
