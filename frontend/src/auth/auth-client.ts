/** Auth, loaded when a form is sent: it is a fifth of what the page would have to load before it can be used. */
export async function authClient() {
  const { browserClient } = await import("@/lib/supabase/browser");
  return browserClient().auth;
}
