"use client";

import type { AuthChangeEvent, Session } from "@supabase/supabase-js";
import dynamic from "next/dynamic";
import { useEffect, useState } from "react";
import { leaving } from "@/auth/leave";
import { patiently } from "@/lib/patiently";
import { browserClient } from "@/lib/supabase/browser";
import { usePerson } from "./person";

const SessionDialog = dynamic(() => patiently(() => import("./session-dialog")), { ssr: false });
const LOOK_MS = 30_000;

/** A session that ends while one writes takes nothing away: one signs in over the page, and goes on. */
export function SessionGuard() {
  const person = usePerson();
  const [ended, setEnded] = useState(false);
  useEffect(() => {
    const following = follow((event, session) => {
      if (event === "SIGNED_OUT") setEnded(!leaving.now);
      else if (session && session.user.id !== person.id) location.reload(); // somebody else has signed in, in another tab
      else if (session) setEnded(false);
    });
    // Cookies can go without a word: deleted, or refused a refresh by the proxy while the tab slept.
    const look = () => void isSignedIn().then((isIn) => setEnded(!isIn && !leaving.now));
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

async function isSignedIn(): Promise<boolean> {
  const { data } = await (await browserClient()).auth.getSession();
  return data.session !== null;
}
