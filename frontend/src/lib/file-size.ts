const UNITS = ["KB", "MB", "GB", "TB"];

/** A number of bytes as people say it: 512 B, 1.2 MB, 50 MB. */
export function fileSize(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  let size = bytes;
  let unit = -1;
  while (size >= 1023.5 && unit < UNITS.length - 1) {
    size /= 1024;
    unit += 1;
  }
  return `${size < 9.95 ? size.toFixed(1).replace(/\.0$/, "") : Math.round(size)} ${UNITS[unit]}`;
}
