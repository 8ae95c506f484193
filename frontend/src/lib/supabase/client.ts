import type { SupabaseClient } from "@supabase/supabase-js";
import type { Database } from "@/lib/database.types";

/** A client of the project's database, wherever it runs. */
export type Client = SupabaseClient<Database>;

/** Gives the client of where one is. */
export type Connect = () => Promise<Client>;
