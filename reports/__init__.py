"""Pages that read across the house: so far, the trail."""
