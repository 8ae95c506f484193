import { Text, Title } from "@mantine/core";
import { IconFolderOpen } from "@tabler/icons-react";
import { text } from "@/text/en";
import classes from "./empty-library.module.css";

export function EmptyLibrary({ editable }: { editable: boolean }) {
  return (
    <div className={classes.empty}>
      <IconFolderOpen size={52} stroke={1.1} aria-hidden />
      <Title order={2} size="h4">
        {text.documents.empty}
      </Title>
      <Text c="dimmed" maw={440}>
        {editable ? text.documents.emptyLead : text.documents.emptyViewer}
      </Text>
      {editable && (
        <Text size="sm" c="dimmed" maw={440}>
          {text.documents.dropLead}
        </Text>
      )}
    </div>
  );
}
