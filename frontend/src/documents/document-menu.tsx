"use client";

import { IconExternalLink, IconEye, IconRefresh, IconTrash } from "@tabler/icons-react";
import type { Choice } from "@/shell/choices";
import { RowMenu } from "@/shell/row-menu";
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

export function DocumentMenu(props: Props) {
  return <RowMenu label={text.documents.actionsOf(props.document.title)} choices={choicesOf(props)} />;
}

function choicesOf({ document, editable, onOpen, onDelete }: Props): Choice[] {
  const original = { name: text.documents.original, icon: IconExternalLink, act: () => void openOriginal(document) };
  const refetch = { name: text.documents.refetch, icon: IconRefresh, act: () => void refetchDocument(document) };
  const remove = { name: text.common.delete, icon: IconTrash, act: onDelete, isGrave: true };
  return [
    { name: text.documents.preview, icon: IconEye, act: onOpen },
    ...(hasOriginal(document) ? [original] : []),
    ...(editable && document.source === "url" ? [refetch] : []),
    ...(editable ? [remove] : []),
  ];
}
