import type { EmailOtpType } from "@supabase/supabase-js";
import { type NextRequest, NextResponse } from "next/server";
import { nextPath } from "@/auth/next-path";
import { patientClient } from "@/lib/supabase/server";

/** Where links from e-mails and OAuth providers lead: what they bring is exchanged for a session. */
export async function GET(request: NextRequest): Promise<NextResponse> {
  const query = request.nextUrl.searchParams;
  const entered = await exchange(query.get("code"), query.get("token_hash"), query.get("type"));
  const path = entered ? nextPath(query.get("next")) : "/sign-in?trouble=link";
  return NextResponse.redirect(new URL(path, request.url));
}

async function exchange(code: string | null, hash: string | null, type: string | null): Promise<boolean> {
  const { auth } = await patientClient();
  if (code) return !(await auth.exchangeCodeForSession(code)).error;
  if (hash && type) return !(await auth.verifyOtp({ token_hash: hash, type: type as EmailOtpType })).error;
  return false;
}
