"""What a scorer gets of a message: HTML made readable, and the length kept in bounds."""
