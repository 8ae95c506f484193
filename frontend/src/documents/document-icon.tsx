import {
  IconFile, IconFileText, IconFileTypePdf, IconFileTypeDoc, IconFileSpreadsheet, IconPresentation, IconMail, IconNotes, IconTable, IconWorld, IconPhoto,
} from "@tabler/icons-react";
import type { Document } from "./document";

const BY_MIME: readonly [RegExp, typeof IconFile][] = [
  [/pdf/, IconFileTypePdf],
  [/wordprocessing|msword|opendocument\.text|rtf/, IconFileTypeDoc],
  [/spreadsheet|excel|csv/, IconFileSpreadsheet],
  [/presentation|powerpoint/, IconPresentation],
  [/rfc822|outlook/, IconMail],
  [/^image\//, IconPhoto],
  [/^text\//, IconFileText],
];

export function DocumentIcon({ document: { source, mime } }: { document: Pick<Document, "source" | "mime"> }) {
  const Icon = iconOf(source, mime ?? "");
  return <Icon size={22} stroke={1.4} aria-hidden />;
}

function iconOf(source: Document["source"], mime: string): typeof IconFile {
  if (source === "url") return IconWorld;
  if (source === "row") return IconTable;
  if (source === "inline") return IconNotes;
  return BY_MIME.find(([pattern]) => pattern.test(mime))?.[1] ?? IconFile;
}
