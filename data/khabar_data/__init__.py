"""Readers and writers, validation, splits and statistics for annotated Arabic news."""
