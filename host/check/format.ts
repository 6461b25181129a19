import { formatPlace } from "../errors.ts";
import type { CallbackReport, ChainStep, CheckFinding, CheckReport, FactoryReport, ImportReport } from "./report.ts";

/** The report as people read it, no trailing newline. */
export function formatCheckReport(report: CheckReport): string {
  const { module } = report;
  const { minimum_pages, maximum_pages } = module.memory;
  const abi = module.vdev_abi === undefined ? "" : `, vdev ABI ${module.vdev_abi}`;
  return [
    `${module.file}: ${verdict(report)}`,
    ...report.findings.flatMap((finding) => ["", ...formatFinding(finding)]),
    ...(report.findings.length === 0 ? [] : [""]),
    `  ${module.bytes} bytes, sha256 ${module.sha256}`,
    `  memory ${minimum_pages} to ${maximum_pages} pages of 64 KiB, contract ${module.contract}${abi}`,
    ...(module.source_map ? [] : ["  no source map beside it: lines of the source are not known"]),
    ...report.factories.flatMap(formatFactory),
    ...section("imports", report.imports.map(formatImport)),
    ...section("not portable as is", report.notPortable.length === 0 ? [] : [report.notPortable.join(", ")]),
    ...section(
      "constants with a number of vdevbox's own (portable by name)",
      report.ownConstants.length === 0 ? [] : [report.ownConstants.join(", ")],
    ),
    ...section("reachable calls", formatCallbacks(report.callbacks)),
    ...section("notes", report.notes),
  ].join("\n");
}

function verdict({ findings }: CheckReport): string {
  if (findings.length === 0) return "ok";
  const counts = (["fault", "violation", "warning"] as const).map((severity) => {
    const count = findings.filter((finding) => finding.severity === severity).length;
    return count === 0 ? "" : `${count} ${severity}${count === 1 ? "" : "s"}`;
  });
  return counts.filter((text) => text !== "").join(", ");
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ["", `${title}:`, ...lines.map((line) => `  ${line}`)];
}

function formatFactory(factory: FactoryReport): string[] {
  const options = factory.options.map(({ name, argument }) => (argument ? `${name} ARGUMENT` : name));
  const widths = factory.access_widths;
  return section(factory.name === "" ? "factory" : `factory ${factory.name}`, [
    ...factory.functions.map((one) => row(one.member, one.function, one.place && formatPlace(one.place))),
    row("options", options.length === 0 ? "none" : options.join(", ")),
    row("flags", factory.flags.length === 0 ? "none" : factory.flags.join(" | ")),
    row("widths", widths.length === 0 ? "not restricted" : `${widths.join(", ")} bytes`),
    row("state", `${factory.extra_space} bytes`),
  ]);
}

function row(title: string, text: string, more?: string): string {
  return `${title.padEnd(14)} ${text}${more === undefined ? "" : ` (${more})`}`;
}

function formatImport(entry: ImportReport): string {
  const threads = entry.threads.value === "any" ? "any thread" : `${entry.threads.value.join(", ")} thread`;
  const remarks = [
    `phase ${entry.phase.value} (${entry.phase.status})`,
    `${threads} (${entry.threads.status})`,
    ...(entry.lock_needed === "never" ? [] : [`needs gasp_lock ${entry.lock_needed}`]),
    ...(entry.may_block.value === "no" ? [] : [`may block (${entry.may_block.status})`]),
    `prototype ${entry.prototype}`,
    ...(entry.body === "later" ? ["answers ENOSYS"] : []),
  ];
  return `${entry.name} <${entry.header}>: ${remarks.join(", ")}`;
}

/** A line for each callback that calls something, and one for all that call nothing. */
function formatCallbacks(callbacks: readonly CallbackReport[]): string[] {
  const silent = callbacks.filter(({ calls }) => calls.length === 0).map(({ title }) => title);
  const lines = callbacks.filter(({ calls }) => calls.length > 0).map(formatCallback);
  return silent.length === 0 ? lines : [...lines, `no calls: ${silent.join(", ")}`];
}

function formatCallback(callback: CallbackReport): string {
  const early = callback.refused_at_startup;
  const refused = early === undefined ? "" : `; refused before the guest is configured: ${early.join(", ")}`;
  return `${callback.title}: ${callback.calls.join(", ")}${refused}`;
}

function formatFinding(finding: CheckFinding): string[] {
  const where = finding.place === undefined ? "" : `${formatPlace(finding.place)}: `;
  const { reason } = finding;
  return [
    `${where}${finding.severity}: ${finding.message}`,
    ...(reason === undefined ? [] : [`  rule    ${finding.rule}: ${reason.text} (${reason.status})`]),
    ...(reason?.manual === undefined ? [] : [`  manual  ${reason.manual}`]),
    ...finding.chain.map((step, i) => `  ${i === 0 ? "way    " : "       "} ${formatStep(step)}`),
    `  advice  ${finding.advice}`,
  ];
}

function formatStep(step: ChainStep): string {
  const place = step.place === undefined ? "" : ` at ${formatPlace(step.place)}`;
  return `${step.function}${place}${step.indirect ? ", through the function table" : ""}`;
}
