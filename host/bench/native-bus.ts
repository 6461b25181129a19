import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { UserError } from "../errors.ts";
import { builtFile, packageRoot } from "../paths.ts";
import { type Side, spawnSide } from "./side.ts";

/** What a figure says when its yardstick is missing. */
export const NO_RUSTC = "no rustc here, so the native bus was not measured";

/**
 * The native bus of bench/native/bus.rs, built with `rustc -O` unless it is from this source already.
 * @param kinds types of device the regions are dealt out to, as to modules; 1 to 8
 * @returns undefined when there is no rustc
 * @throws UserError when rustc refuses the source
 */
export function nativeBus(regions: number, kinds: number): Side | undefined {
  const source = join(packageRoot(), "bench/native/bus.rs");
  const program = builtFile("bench/bus");
  const record = `${program}.source`;
  const compiler = spawnSync("rustc", ["--version"], { encoding: "utf8" });
  if (compiler.status !== 0 || !existsSync(source)) return undefined;
  const digest = createHash("sha256").update(compiler.stdout).update(readFileSync(source)).digest("hex");
  if (!existsSync(program) || !existsSync(record) || readFileSync(record, "utf8") !== digest) {
    mkdirSync(dirname(program), { recursive: true });
    const built = spawnSync("rustc", ["-O", "--edition", "2021", "-o", program, source], { encoding: "utf8" });
    if (built.status !== 0)
      throw new UserError(`rustc does not compile this: ${built.stderr.split("\n")[0]}`, { file: source });
    writeFileSync(record, digest);
  }
  return spawnSide(program, [String(regions), String(kinds)]);
}
