import type { Metadata } from "next";
import { notFound } from "next/navigation";
import { ChatScreen } from "@/chat/chat-screen";
import { isUuid } from "@/lib/uuid";
import { text } from "@/text/en";

export const metadata: Metadata = { title: text.nav.chat };

export default async function ConversationPage({ params }: { params: Promise<{ conversation: string }> }) {
  const { conversation } = await params;
  if (!isUuid(conversation)) notFound();
  return <ChatScreen key={conversation} conversationId={conversation} />;
}
