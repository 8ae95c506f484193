import {
  IconFile, IconFileSpreadsheet, IconFileText, IconFileTypeDoc, IconFileTypePdf, IconMail, IconNotes, IconPhoto, IconPresentation, IconTable,
  IconWorld,
} from "@tabler/icons-react";
import type { Document } from "./document";

const ICONS = {
  page: IconWorld, row: IconTable, note: IconNotes, pdf: IconFileTypePdf, document: IconFileTypeDoc, sheet: IconFileSpreadsheet,
  slides: IconPresentation, mail: IconMail, image: IconPhoto, text: IconFileText, file: IconFile,
};
type Kind = keyof typeof ICONS;

const BY_MIME: readonly [RegExp, Kind][] = [
  [/pdf/, "pdf"],
  [/wordprocessing|msword|opendocument\.text|rtf/, "document"],
  [/spreadsheet|excel|csv/, "sheet"],
  [/presentation|powerpoint/, "slides"],
  [/rfc822|outlook/, "mail"],
  [/^image\//, "image"],
  [/^text\//, "text"],
];

export function DocumentIcon({ document }: { document: Pick<Document, "source" | "mime"> }) {
  const Icon = ICONS[kindOf(document)];
  return <Icon size={22} stroke={1.4} aria-hidden />;
}

function kindOf({ source, mime }: Pick<Document, "source" | "mime">): Kind {
  if (source === "url") return "page";
  if (source === "row") return "row";
  if (source === "inline") return "note";
  return BY_MIME.find(([pattern]) => pattern.test(mime ?? ""))?.[1] ?? "file";
}
