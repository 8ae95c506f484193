import type { Metadata } from "next";
import { Entrance } from "@/auth/entrance";
import { nextPath } from "@/auth/next-path";
import { configuredProviders } from "@/auth/providers";
import { text } from "@/text/en";

export const metadata: Metadata = { title: text.auth.signIn };

interface Props {
  searchParams: Promise<Record<string, string | string[] | undefined>>;
}

export default async function SignInPage({ searchParams }: Props) {
  const { next, trouble } = await searchParams;
  return <Entrance ways={await configuredProviders()} next={nextPath(next)} trouble={trouble ? text.auth.badLink : null} />;
}
