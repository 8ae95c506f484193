import type { EmailOtpType } from "@supabase/supabase-js";
import { type NextRequest, NextResponse } from "next/server";
import { nextPath } from "@/auth/next-path";
import { patientClient } from "@/lib/supabase/server";

/** Where links from e-mails and OAuth providers lead: what they bring is exchanged for a session. */
export async function GET(request: NextRequest): Promise<NextResponse> {
  const query = request.nextUrl.searchParams;
  const entered = await exchange(query.get("code"), query.get("token_hash"), query.get("type"));
  const location = entered ? nextPath(query.get("next")) : "/sign-in?trouble=link";
  // Relative: a server behind a proxy, or in a container, does not know the address that people see.
  return new NextResponse(null, { status: 307, headers: { location } });
}

async function exchange(code: string | null, hash: string | null, type: string | null): Promise<boolean> {
  const { auth } = await patientClient();
  if (code) return !(await auth.exchangeCodeForSession(code)).error;
  if (hash && type) return !(await auth.verifyOtp({ token_hash: hash, type: type as EmailOtpType })).error;
  return false;
}
