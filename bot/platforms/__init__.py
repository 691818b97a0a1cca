"""The edge that talks: each chat takes a person's words to the catalogue and the answer back."""
