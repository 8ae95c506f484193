"use client";

import { ActionIcon, Menu } from "@mantine/core";
import { IconDots, IconExternalLink, IconEye, IconRefresh, IconTrash } from "@tabler/icons-react";
import { text } from "@/text/en";
import type { Document } from "./document";
import { refetchDocument } from "./document-acts";
import { hasOriginal, openOriginal } from "./open-original";

interface Props {
  document: Document;
  editable: boolean;
  onOpen: () => void;
  onDelete: () => void;
}

export function DocumentMenu({ document, editable, onOpen, onDelete }: Props) {
  return (
    <Menu position="bottom-end" width={210}>
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" aria-label={text.documents.actionsOf(document.title)}>
          <IconDots size={18} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item leftSection={<IconEye size={16} />} onClick={onOpen}>
          {text.documents.preview}
        </Menu.Item>
        {hasOriginal(document) && (
          <Menu.Item leftSection={<IconExternalLink size={16} />} onClick={() => void openOriginal(document)}>
            {text.documents.original}
          </Menu.Item>
        )}
        {editable && document.source === "url" && (
          <Menu.Item leftSection={<IconRefresh size={16} />} onClick={() => void refetchDocument(document)}>
            {text.documents.refetch}
          </Menu.Item>
        )}
        {editable && (
          <>
            <Menu.Divider />
            <Menu.Item color="red" leftSection={<IconTrash size={16} />} onClick={onDelete}>
              {text.common.delete}
            </Menu.Item>
          </>
        )}
      </Menu.Dropdown>
    </Menu>
  );
}
