"""OnRecord: who said what about the war."""
