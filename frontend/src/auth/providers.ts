import "server-only";
import { serverSettings } from "@/lib/server-settings";

const NAMES: Record<string, string> = {
  apple: "Apple", azure: "Microsoft", bitbucket: "Bitbucket", discord: "Discord", facebook: "Facebook", figma: "Figma",
  github: "GitHub", gitlab: "GitLab", google: "Google", keycloak: "Keycloak", linkedin_oidc: "LinkedIn", notion: "Notion",
  slack_oidc: "Slack", spotify: "Spotify", twitch: "Twitch", twitter: "X", workos: "WorkOS", zoom: "Zoom",
};

export interface SignInWay {
  id: string;
  name: string;
}

/** The providers that the project has been set up with; none when Auth cannot be asked right now. */
export async function configuredProviders(): Promise<SignInWay[]> {
  const { supabaseUrl, supabaseKey } = serverSettings();
  try {
    const reply = await fetch(`${supabaseUrl}/auth/v1/settings`, {
      headers: { apikey: supabaseKey },
      signal: AbortSignal.timeout(3_000),
      next: { revalidate: 60 },
    });
    const { external } = (await reply.json()) as { external?: Record<string, boolean> };
    return Object.entries(NAMES).flatMap(([id, name]) => (external?.[id] ? [{ id, name }] : []));
  } catch {
    return [];
  }
}
