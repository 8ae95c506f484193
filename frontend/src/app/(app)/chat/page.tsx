import { HydrationBoundary } from "@tanstack/react-query";
import type { Metadata } from "next";
import { ChatScreen } from "@/chat/chat-screen";
import { firstOfNew } from "@/chat/first-look";
import { text } from "@/text/en";

export const metadata: Metadata = { title: text.nav.chat };

export default async function NewChatPage() {
  return (
    <HydrationBoundary state={await firstOfNew()}>
      <ChatScreen conversationId={null} />
    </HydrationBoundary>
  );
}
