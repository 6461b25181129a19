import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { packageSourceName } from "./diagnostics.ts";

/** A name of the API as the compiler has it in its sentences: with its file in front. */
const API_NAME = /~lib\/vdevbox\/abi\/[\w-]+\/(\w+)/g;
const STRING_AS_ADDRESS = "Type '~lib/string/String' is not assignable to type 'usize'.";
const NO_MEMBER = /^Module '~lib\/vdevbox\/abi\/[\w-]+' has no exported member '(\w+)'/;

/** A sentence of the compiler in the user's words: names as they are written, and where a missing one is. */
export function inUsersWords(message: string, packageDir: string): string {
  const missing = NO_MEMBER.exec(message)?.[1];
  const where = missing === undefined ? undefined : headerOf(missing, packageDir);
  const hint = where === undefined ? hintFor(message) : ` It is in "${where}".`;
  return `${message.replaceAll(API_NAME, "$1").replaceAll(/~lib\/vdevbox\/[\w/-]+/g, packageSourceName)}${hint}`;
}

/** What C authors write out of habit. */
function hintFor(message: string): string {
  return message === STRING_AS_ADDRESS ? ' A C string is written cstr("…"), from "vdevbox/abi/string".' : "";
}

/** The header of `vdevbox/abi` that exports a name. */
function headerOf(name: string, packageDir: string): string | undefined {
  const own = `(?:declare )?(?:const|function|class|type) ${name}\\b`;
  const exported = new RegExp(`^export (?:${own}|\\{[^}]*\\b${name}\\b)`, "m");
  const folder = join(packageDir, "abi");
  const headers = readdirSync(folder).filter((file) => file.endsWith(".ts") && !file.endsWith(".d.ts"));
  const found = headers.find((file) => exported.test(readFileSync(join(folder, file), "utf8")));
  return found === undefined ? undefined : `vdevbox/abi/${found.slice(0, -".ts".length)}`;
}
