import { HydrationBoundary } from "@tanstack/react-query";
import type { Metadata } from "next";
import { notFound } from "next/navigation";
import { ChatScreen } from "@/chat/chat-screen";
import { firstOf } from "@/chat/first-look";
import { MarkdownHere } from "@/chat/parts/markdown-here";
import { isUuid } from "@/lib/uuid";
import { text } from "@/text/en";

export const metadata: Metadata = { title: text.nav.chat };

export default async function ConversationPage({ params }: PageProps<"/chat/[conversation]">) {
  const { conversation } = await params;
  if (!isUuid(conversation)) notFound();
  const { latest, state } = await firstOf(conversation);
  return (
    <HydrationBoundary state={state}>
      <MarkdownHere>
        <ChatScreen key={conversation} conversationId={conversation} latest={latest} />
      </MarkdownHere>
    </HydrationBoundary>
  );
}
