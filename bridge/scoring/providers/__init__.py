"""Scoring through the AI provider that a workspace brings along: a table of profiles and two codecs."""
