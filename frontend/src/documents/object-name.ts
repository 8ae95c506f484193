import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";

// What Storage takes in an object's name, less what addresses give a meaning of their own.
const NOT_STORABLE = /[^A-Za-z0-9_!.*'() &$@=;:+,-]+/g;
const LONGEST_NAME = 900;
const LONGEST_SUFFIX = 20;

/**
 * The name of a file as Storage takes it: the same as the command line makes, so that a file that is sent from either
 * replaces the one before. Other characters are replaced, and a digest keeps different names apart.
 */
export function storableName(name: string): string {
  const ascii = [...name.normalize("NFKD")].filter((character) => character <= "\x7f").join("");
  const simple = ascii.replace(NOT_STORABLE, "_");
  if (simple === name && name.length <= LONGEST_NAME) return name;
  const dot = simple.lastIndexOf(".");
  const hasSuffix = dot >= 0 && simple.length - dot <= LONGEST_SUFFIX + 1;
  const [stem, suffix] = hasSuffix ? [simple.slice(0, dot), simple.slice(dot)] : [simple, ""];
  return `${stem.slice(0, LONGEST_NAME - 40)}-${digest(name)}${suffix}`;
}

/** Not by `crypto.subtle`, which is there on secure pages only. */
function digest(name: string): string {
  return bytesToHex(sha256(new TextEncoder().encode(name))).slice(0, 8);
}
