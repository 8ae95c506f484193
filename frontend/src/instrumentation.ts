import { readSettings, SettingsError } from "@/lib/settings";

/** Runs once when the server starts: it does not start without its settings. */
export function register(): void {
  try {
    readSettings(process.env);
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    console.error(error.message);
    // One clear message instead of a stack trace; a function on Vercel was checked when it was built.
    if (process.env.NEXT_RUNTIME === "nodejs") process.exit(78);
    throw error;
  }
}
