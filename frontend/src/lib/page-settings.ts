import type { Settings } from "./settings";

/** How the root layout hands the settings to the browser: attributes need no script, so no exception from the CSP. */
export function settingsAttributes(settings: Settings) {
  return { "data-supabase-url": settings.supabaseUrl, "data-supabase-key": settings.supabaseKey };
}

/** The settings, in the browser. */
export function pageSettings(): Settings {
  const { supabaseUrl, supabaseKey } = document.documentElement.dataset;
  if (!supabaseUrl || !supabaseKey) throw new Error("The page was served without its settings.");
  return { supabaseUrl, supabaseKey };
}
