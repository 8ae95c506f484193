import { notifications } from "@mantine/notifications";
import { text } from "@/text/en";

/** Put a text on the clipboard; whether that was allowed. */
export async function copy(content: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(content);
    return true;
  } catch {
    notifications.show({ color: "red", message: text.chat.share.failed });
    return false;
  }
}
