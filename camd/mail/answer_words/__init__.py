"""What people write in answer to a cold mail, a table for each language; `answer_phrases` says how to read them."""
