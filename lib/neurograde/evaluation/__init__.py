"""Evaluation without torch: sessions compared, one chosen, its predictions judged, test sets opened."""
