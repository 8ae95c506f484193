"""The only code that touches the outside: Supabase, Chroma, Together, Redis, files. Implements ports of `schema`."""
