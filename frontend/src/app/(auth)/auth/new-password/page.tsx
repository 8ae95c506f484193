import type { Metadata } from "next";
import { redirect } from "next/navigation";
import { NewPassword } from "@/auth/new-password";
import { currentPerson } from "@/lib/supabase/server";
import { text } from "@/text/en";

export const metadata: Metadata = { title: text.auth.newPassword };

export default async function NewPasswordPage() {
  if (!(await currentPerson())) redirect("/sign-in?trouble=link");
  return <NewPassword />;
}
