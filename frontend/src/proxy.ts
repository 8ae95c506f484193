import { type NextRequest, NextResponse } from "next/server";
import { nextPath } from "@/auth/next-path";
import { contentSecurityPolicy } from "@/lib/csp";
import { readSettings } from "@/lib/settings";
import { refreshSession } from "@/lib/supabase/session";

const PUBLIC = /^\/(sign-in|auth)(\/|$)/;

/** Before every page: a fresh session, a policy with a nonce of its own, and the way to the sign-in page. */
export async function proxy(request: NextRequest): Promise<NextResponse> {
  const nonce = btoa(crypto.randomUUID());
  const { supabaseUrl } = readSettings(process.env);
  const policy = contentSecurityPolicy(nonce, supabaseUrl, process.env.NODE_ENV === "development");
  const headers = new Headers(request.headers);
  headers.set("x-nonce", nonce);
  headers.set("content-security-policy", policy); // from here the framework takes the nonce for its own scripts
  const { response, signedIn } = await refreshSession(request, headers);
  return secured(redirectionOf(request, signedIn, response) ?? response, policy);
}

function redirectionOf(request: NextRequest, signedIn: boolean | null, refreshed: NextResponse): NextResponse | null {
  const { pathname, search, searchParams } = request.nextUrl;
  if (signedIn === false && !PUBLIC.test(pathname)) {
    const next = pathname === "/" ? "" : `?next=${encodeURIComponent(pathname + search)}`;
    return redirect(request, `/sign-in${next}`, refreshed);
  }
  if (pathname === "/" || (signedIn && pathname === "/sign-in")) return redirect(request, nextPath(searchParams.get("next")), refreshed);
  return null; // a page that needs to know who asks, and is not told, says so itself
}

function redirect(request: NextRequest, path: string, refreshed: NextResponse): NextResponse {
  const response = NextResponse.redirect(new URL(path, request.url));
  for (const cookie of refreshed.cookies.getAll()) response.cookies.set(cookie);
  return response;
}

function secured(response: NextResponse, policy: string): NextResponse {
  response.headers.set("content-security-policy", policy);
  response.headers.set("x-content-type-options", "nosniff");
  response.headers.set("referrer-policy", "strict-origin-when-cross-origin");
  response.headers.set("permissions-policy", "camera=(), microphone=(), geolocation=()");
  return response;
}

export const config = {
  matcher: [
    {
      source: "/((?!_next/static|_next/image|icon.svg|healthz).*)",
      // What is fetched ahead is checked when it is shown.
      missing: [{ type: "header", key: "next-router-prefetch" }],
    },
  ],
};
