export const BUCKET = "documents";
/** Supabase's usual limit for one object. */
export const LARGEST_BYTES = 50 * 1024 * 1024;
