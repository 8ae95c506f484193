import { fileSize } from "@/lib/file-size";
import { text } from "@/text/en";
import { LARGEST_BYTES } from "./bucket";

export interface Sorted {
  accepted: File[];
  /** Why each of the others is not taken, in words for a person. */
  refused: string[];
}

interface Measured {
  name: string;
  size: number;
}

/** Tell the files that can be sent from those that cannot. */
export function sortFiles<F extends Measured & File>(files: readonly F[]): Sorted {
  const accepted: File[] = [];
  const refused: string[] = [];
  for (const file of files) {
    const fault = faultOf(file);
    if (fault) refused.push(fault);
    else accepted.push(file);
  }
  return { accepted, refused };
}

export function faultOf({ name, size }: Measured): string | null {
  if (size > LARGEST_BYTES) return text.documents.tooLarge(name, fileSize(LARGEST_BYTES));
  return size === 0 ? text.documents.isEmpty(name) : null;
}

/** The files of a drop; a folder among them is named in `refused`. */
export function filesOf(transfer: DataTransfer): Sorted {
  const entries = [...transfer.items].filter((item) => item.kind === "file");
  const folders = entries.filter((item) => item.webkitGetAsEntry()?.isDirectory);
  const files = entries.filter((item) => !folders.includes(item)).flatMap((item) => item.getAsFile() ?? []);
  const sorted = sortFiles(files);
  const names = folders.map((item) => text.documents.isFolder(item.webkitGetAsEntry()?.name ?? ""));
  return { accepted: sorted.accepted, refused: [...sorted.refused, ...names] };
}
