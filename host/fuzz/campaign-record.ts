import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";
import type { ConfigPiece } from "../config/parse-config.ts";
import { UserError } from "../errors.ts";
import type { VmPlan } from "../vm/plan.ts";
import { type CampaignFolder, writeWhole } from "./campaign-folder.ts";

/** What a campaign is about, for whoever reads its folder later: `campaign.json`. */
export interface CampaignRecord {
  /** What was given on the command line. */
  readonly what: string;
  readonly pieces: readonly ConfigPiece[];
  /** Folders of the modules, as seen from the campaign's own. */
  readonly modulePath: readonly string[];
  /** SHA-256 of each module's file when the campaign ran last, by type. */
  readonly modules: Readonly<Record<string, string>>;
}

const FILE = "campaign.json";

/** @throws UserError when it cannot be written */
export function writeRecord(folder: CampaignFolder, what: string, plan: VmPlan, pieces: readonly ConfigPiece[]): void {
  const folders = [...new Set(plan.vdevs.map(({ file }) => dirname(resolve(file))))];
  const record: CampaignRecord = {
    what,
    pieces,
    modulePath: folders.map((path) => relative(resolve(folder.path), path).split(sep).join("/")),
    modules: hashesOf(plan),
  };
  writeWhole(join(folder.path, FILE), `${JSON.stringify({ version: 1, ...record }, undefined, 2)}\n`);
}

/**
 * Looks whether a campaign in a folder is about the same vdevs.
 * @throws UserError when it is not, and programs for them would be taken out
 */
export function checkRecord(
  folder: CampaignFolder,
  plan: VmPlan,
  takesOut: boolean,
  onNote: (text: string) => void,
): void {
  const record = readRecord(folder.path);
  if (record === undefined) return;
  const types = (of: readonly string[]) => [...new Set(of)].sort().join(", ");
  const [before, now] = [types(Object.keys(record.modules)), types(plan.vdevs.map(({ type }) => type))];
  if (before === now) return;
  if (!takesOut) {
    onNote(`${folder.path} has a campaign of other vdevs: ${before}; this one, of ${now}, goes on with its corpus`);
    return;
  }
  throw new UserError(`this is a campaign of ${before}: for ${now} most of its corpus would be taken out`, {
    file: folder.path,
  });
}

/** SHA-256 of the modules of a plan, by type. */
export function hashesOf(plan: VmPlan): Record<string, string> {
  const hash = (file: string) => createHash("sha256").update(readFileSync(file)).digest("hex");
  return Object.fromEntries(plan.vdevs.map(({ type, file }) => [type, hash(file)]));
}

/** @returns undefined when there is none, as in a campaign of an earlier vdevbox, or it is rubbish */
export function readRecord(path: string): CampaignRecord | undefined {
  try {
    const record = JSON.parse(readFileSync(join(path, FILE), "utf8"));
    return isRecord(record) ? record : undefined;
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is CampaignRecord {
  const { what, pieces, modulePath, modules } = (value ?? {}) as Record<string, unknown>;
  const isText = (one: unknown) => typeof one === "string";
  const isPiece = (one: unknown) => {
    const { file, text } = (one ?? {}) as Record<string, unknown>;
    return isText(file) && isText(text);
  };
  return (
    isText(what) &&
    Array.isArray(pieces) &&
    pieces.every(isPiece) &&
    Array.isArray(modulePath) &&
    modulePath.every(isText) &&
    typeof modules === "object" &&
    modules !== null &&
    Object.values(modules).every(isText)
  );
}
