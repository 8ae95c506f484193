"""A complete Supabase-compatible stack on this machine, for development, demonstrations and tests."""
