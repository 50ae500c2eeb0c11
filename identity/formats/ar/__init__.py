"""Arabic as this house writes it: Django's own moments put the month before the day, as in the United States."""
