/**
 * What the application must be told by its environment. Pure: checked when the server starts, and when Vercel builds.
 *
 * The values are read when a page is served, not when it is built, so one build serves any project.
 */

export interface Settings {
  /** Address of the Supabase project, without a slash at its end. */
  supabaseUrl: string;
  /** The publishable (anon) key: it is public, the database decides what it opens. */
  supabaseKey: string;
}

export type Environment = Readonly<Record<string, string | undefined>>;

export const URL_NAME = "NEXT_PUBLIC_SUPABASE_URL";
export const KEY_NAMES = ["NEXT_PUBLIC_SUPABASE_PUBLISHABLE_KEY", "NEXT_PUBLIC_SUPABASE_ANON_KEY"] as const;

export class SettingsError extends Error {}

/** The settings; throws a `SettingsError` that names everything that is missing or wrong, and where to get it. */
export function readSettings(environment: Environment): Settings {
  const supabaseUrl = (environment[URL_NAME] ?? "").trim().replace(/\/+$/, "");
  const supabaseKey = KEY_NAMES.map((name) => environment[name]?.trim()).find(Boolean) ?? "";
  const faults = [urlFault(supabaseUrl), keyFault(supabaseKey)].filter((fault) => fault !== null);
  if (faults.length > 0) throw new SettingsError(["The web application cannot start.", ...faults].join("\n"));
  return { supabaseUrl, supabaseKey };
}

function urlFault(url: string): string | null {
  if (!url) {
    return `${URL_NAME} is missing: the address of your Supabase project, under Project Settings → Data API.`;
  }
  try {
    const { protocol } = new URL(url);
    if (protocol === "https:" || protocol === "http:") return null;
  } catch {
    // Not an address at all: said below.
  }
  return `${URL_NAME} is not an http(s) address: "${url}".`;
}

function keyFault(key: string): string | null {
  if (!key) {
    return `${KEY_NAMES[0]} (or ${KEY_NAMES[1]}) is missing: the publishable key, under Project Settings → API keys.`;
  }
  if (key.startsWith("sb_secret_") || roleOf(key) === "service_role") {
    return `${KEY_NAMES[0]} holds a secret key, which every visitor could read. Use the publishable key, and revoke this one.`;
  }
  return null;
}

/** The role that a legacy key (a JWT) carries. */
function roleOf(key: string): string | null {
  try {
    const claims: unknown = JSON.parse(atob((key.split(".")[1] ?? "").replace(/-/g, "+").replace(/_/g, "/")));
    return typeof claims === "object" && claims && "role" in claims ? String(claims.role) : null;
  } catch {
    return null;
  }
}
