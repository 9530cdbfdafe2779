"""The outside world of mail, against scripted dialogues and real servers."""
