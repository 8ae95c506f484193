import "server-only";
import { readSettings, type Settings } from "./settings";

let read: Settings | undefined;

/** The settings of this server. The environment is passed as a whole: names written out would be replaced at build time. */
export function serverSettings(): Settings {
  return (read ??= readSettings(process.env));
}
