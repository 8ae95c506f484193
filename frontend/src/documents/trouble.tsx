import { Button, Stack, Text } from "@mantine/core";
import { text } from "@/text/en";

/** Something could not be read, and another try. */
export function Trouble({ message, onRetry }: { message: string; onRetry: () => void }) {
  return (
    <Stack align="flex-start" gap="sm" role="alert">
      <Text>{message}</Text>
      <Button variant="default" onClick={onRetry}>
        {text.errors.again}
      </Button>
    </Stack>
  );
}
