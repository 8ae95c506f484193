"""One process that speaks Supabase's Data API, Auth, Storage and Realtime over a real PostgreSQL."""
