"""Upkeep: questions in SQL, health, backups and garbage of a workspace."""
