"""The sample world: invented outlets, people, places and events, for ``onrecord demo`` and for tests.

Everything here is invented. No outlet exists, no place exists, no person exists, and nothing quoted was ever
said by anyone; the war between Russia and Ukraine is only the frame, moved to three days in May 2031.
"""
