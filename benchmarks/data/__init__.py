"""What training and measuring pages are made of."""
