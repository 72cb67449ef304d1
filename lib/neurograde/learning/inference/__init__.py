"""Outputs of trained sessions: probabilities, grades of new images, Grad-CAM."""
