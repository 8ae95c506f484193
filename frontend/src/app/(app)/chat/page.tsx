import type { Metadata } from "next";
import { ChatScreen } from "@/chat/chat-screen";
import { text } from "@/text/en";

export const metadata: Metadata = { title: text.nav.chat };

export default function NewChatPage() {
  return <ChatScreen conversationId={null} />;
}
