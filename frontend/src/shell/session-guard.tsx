"use client";

import type { AuthChangeEvent, Session } from "@supabase/supabase-js";
import dynamic from "next/dynamic";
import { useEffect, useState } from "react";
import { leaving } from "@/auth/leave";
import { patiently } from "@/lib/patiently";
import { browserClient } from "@/lib/supabase/browser";
import { isUntold } from "@/lib/supabase/untold";
import { usePerson } from "./person";

const SessionDialog = dynamic(() => patiently(() => import("./session-dialog")), { ssr: false });
const LOOK_MS = 30_000;

/** A session that ends while one writes takes nothing away: one signs in over the page, and goes on. */
export function SessionGuard() {
  const person = usePerson();
  const [ended, setEnded] = useState(false);
  useEffect(() => {
    const meet = (session: Session | null) => {
      if (session && session.user.id !== person.id) location.reload(); // somebody else has signed in, in another tab
      else setEnded(!session && !leaving.now);
    };
    const following = follow((event, session) => {
      if (session || event === "SIGNED_OUT") meet(session);
    });
    // Cookies come and go without a word: another tab signs in by a link, the proxy is refused a refresh while this one sleeps.
    const look = () => void currentSession().then((session) => session !== undefined && meet(session));
    const looking = setInterval(look, LOOK_MS);
    document.addEventListener("visibilitychange", look);
    return () => {
      void following.then((subscription) => subscription.unsubscribe());
      clearInterval(looking);
      document.removeEventListener("visibilitychange", look);
    };
  }, [person.id]);
  return ended && <SessionDialog email={person.email} onDone={() => setEnded(false)} />;
}

async function follow(tell: (event: AuthChangeEvent, session: Session | null) => void) {
  const { auth } = await browserClient();
  return auth.onAuthStateChange(tell).data.subscription;
}

/** The session, or null; undefined where that cannot be told, since it is due for a refresh and Auth cannot be reached. */
async function currentSession(): Promise<Session | null | undefined> {
  const { data, error } = await (await browserClient()).auth.getSession();
  return isUntold(error) ? undefined : data.session;
}
