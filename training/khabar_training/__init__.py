"""Pre-training, fine-tuning, evaluation and export of Khabar models."""
