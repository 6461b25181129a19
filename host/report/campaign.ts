import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseConfigPieces } from "../config/parse-config.ts";
import { UserError } from "../errors.ts";
import { type CorpusFile, readPrograms } from "../fuzz/campaign-folder.ts";
import { type CampaignRecord, hashesOf, readRecord } from "../fuzz/campaign-record.ts";
import { type KnownFinding, knownFindings } from "../fuzz/known-findings.ts";
import { readProgress } from "../fuzz/progress.ts";
import type { VmPlan } from "../vm/plan.ts";
import { planFromConfig } from "../vm/plan-from-config.ts";
import { type FileCoverage, parseLcov } from "./lcov-file.ts";
import { type ReplayedCorpus, replayCorpus } from "./replayed-corpus.ts";
import { type Series, seriesOf } from "./series.ts";
import { SourceTexts } from "./source-texts.ts";

/** A finding with what lies in its folder. */
export interface ReportedFinding extends KnownFinding {
  /** The shortest program, as a script; empty when it is gone. */
  readonly script: string;
}

/** All that a page tells of a campaign. */
export interface CampaignReport {
  readonly what: string;
  readonly folder: string;
  readonly config: string | undefined;
  readonly series: Series;
  readonly corpus: number;
  readonly findings: readonly ReportedFinding[];
  readonly coverage: readonly FileCoverage[];
  readonly sources: SourceTexts;
  readonly replayed: ReplayedCorpus | undefined;
  /** What the reader has to know about how this came about. */
  readonly notes: readonly string[];
}

/** Bytes of a file that is shown. */
const FILE_MAX = 16 << 20;

/**
 * Reads the folder of a campaign, whatever state it is in.
 * @param modulePath folders to look for modules in first
 * @throws UserError when it is no folder of a campaign
 */
export function readCampaign(folder: string, modulePath: readonly string[]): CampaignReport {
  checkFolder(folder);
  const record = readRecord(folder);
  const notes: string[] = [];
  const files = existsSync(join(folder, "corpus")) ? readPrograms(join(folder, "corpus")) : [];
  const corpus = files.filter(({ unread }) => unread === undefined);
  const findings = knownFindings(join(folder, "findings")).map((known) => ({
    ...known,
    script: textOf(join(folder, "findings", known.name, "program.script")) ?? "",
  }));
  const made = record === undefined ? undefined : planOf(folder, record, modulePath, notes);
  if (record === undefined)
    notes.push("campaign.json is missing: run `vdevbox fuzz` once more for registers and sources");
  const sources = new SourceTexts(made?.vdevs.map(({ file }) => file) ?? []);
  const replayed = made === undefined ? undefined : replay(made, sources, corpus, findings, notes);
  return {
    what: record?.what ?? "campaign",
    folder: resolve(folder),
    config: record?.pieces.map(({ text }) => text).join("\n"),
    series: seriesOf(readProgress(folder)),
    corpus: corpus.length,
    findings,
    coverage: replayed?.coverage ?? writtenCoverage(folder, notes),
    sources,
    replayed,
    notes,
  };
}

/** @throws UserError for what cannot be a campaign's folder */
function checkFolder(folder: string): void {
  if (!existsSync(folder)) throw new UserError("there is no such folder", { file: folder });
  if (!statSync(folder).isDirectory()) {
    throw new UserError("is no folder; report takes the folder of a campaign, which `vdevbox fuzz` names at its end", {
      file: folder,
    });
  }
  const names = readdirSync(folder);
  if (!["campaign.json", "corpus", "findings"].some((name) => names.includes(name))) {
    throw new UserError("is not the folder of a campaign: it has no corpus and no findings", { file: folder });
  }
}

function planOf(
  folder: string,
  record: CampaignRecord,
  modulePath: readonly string[],
  notes: string[],
): VmPlan | undefined {
  try {
    const recorded = record.modulePath.map((path) => resolve(folder, path)).filter((path) => existsSync(path));
    const places = [...modulePath, ...recorded];
    const plan = planFromConfig(parseConfigPieces(record.pieces), { modulePath: places, guest: "fuzz" });
    const hashes = hashesOf(plan);
    for (const [type, hash] of Object.entries(record.modules)) {
      if (type in hashes && hashes[type] !== hash) {
        notes.push(
          `${type}.wasm was built again since the campaign ran: sources and registers are those of the new one`,
        );
      }
    }
    return plan;
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    notes.push(`the VM of the campaign cannot be had, so registers and sources are missing: ${error.toString()}`);
    return undefined;
  }
}

function replay(
  plan: VmPlan,
  sources: SourceTexts,
  corpus: readonly CorpusFile[],
  findings: readonly ReportedFinding[],
  notes: string[],
): ReplayedCorpus | undefined {
  try {
    const programs = findings.map(({ name, script }) => ({ file: name, text: script }));
    const replayed = replayCorpus(plan, sources, corpus, programs);
    const { refused, leftOut } = replayed;
    if (refused > 0) notes.push(`programs left out because they are none of this VM: ${refused}`);
    if (leftOut > 0)
      notes.push(`programs left out because there are so many: ${leftOut}; \`--merge\` makes them fewer`);
    return replayed;
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    notes.push(`the VM of the campaign cannot be made, so registers are missing: ${error.toString()}`);
    return undefined;
  }
}

/** What the campaign itself wrote at its end. */
function writtenCoverage(folder: string, notes: string[]): readonly FileCoverage[] {
  const text = textOf(join(folder, "coverage.lcov"));
  if (text === undefined) return [];
  notes.push("what was reached is taken from coverage.lcov, which the campaign wrote when it ended last");
  return parseLcov(text);
}

function textOf(file: string): string | undefined {
  try {
    return statSync(file).size > FILE_MAX ? undefined : readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}
