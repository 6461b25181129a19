import { HEADER_TEXTS } from "../../abi/definition/headers.ts";
import type { CallbackEntry, Entry } from "../../abi/definition/schema.ts";
import { prototypeBlock } from "./docs-function.ts";
import { headerPage } from "./docs-header.ts";
import { code, paramText, prose, resultText, sourceLink, table, withMark, withStatus } from "./docs-text.ts";
import { structsByName } from "./layouts.ts";

const BANNER = "<!-- Generated from abi/definition by build/generators: do not edit. -->";

/** The pages of docs/abi by path. */
export function generateDocs(entries: readonly Entry[]): ReadonlyMap<string, string> {
  const structs = structsByName(entries);
  const headers = [...new Set(entries.map((entry) => entry.header))];
  const pages = headers.map((header): [string, string] => {
    const own = entries.filter((entry) => entry.header === header);
    return [`docs/abi/${header}.md`, headerPage(header, own, structs)];
  });
  const callbacks = entries.filter((entry) => entry.kind === "callback");
  return new Map([
    ["docs/abi/README.md", indexPage(entries, headers)],
    ["docs/abi/callbacks.md", callbacksPage(callbacks)],
    ...pages,
  ]);
}

// ------------------------------------------------------------------------------------------------- callbacks

function callbacksPage(callbacks: readonly CallbackEntry[]): string {
  const control = callbacks.filter((entry) => entry.value !== undefined);
  const others = callbacks.filter((entry) => entry.value === undefined);
  return `${[
    BANNER,
    "# Callbacks: what qvm calls",
    "",
    "The name in the first column is the one reports use. A callback on the *caller's* thread runs on the thread that made the call which led to it.",
    "",
    "## The control function, in the order of a VM's life",
    "",
    ...table(["Callback", "`ctrl`", "Value", "Phase", "Thread"], control.map(controlRow)),
    "",
    "Calls of the running phase are allowed from VDEV_CTRL_GUEST_CONFIGURED on. VDEV_CTRL_OPTIONS_END is *not* that boundary: other vdevs and parts of the VM may still be unconfigured there.",
    "",
    "## Other callbacks",
    "",
    ...table(["Callback", "Type", "Phase", "Thread"], others.map(otherRow)),
    "",
    "## Each of them",
    "",
    ...[...control, ...others].flatMap(callbackBlock),
  ]
    .join("\n")
    .trimEnd()}\n`;
}

function controlRow(entry: CallbackEntry): string[] {
  const value = entry.value as NonNullable<CallbackEntry["value"]>;
  const number = value.value > 255 ? `0x${value.value.toString(16)}` : String(value.value);
  return [entry.callback ?? "", code(entry.name), withStatus(number, value), ...when(entry)];
}

function otherRow(entry: CallbackEntry): string[] {
  return [entry.callback ?? "(control)", code(entry.name), ...when(entry)];
}

/** Phase and thread without the notes, which stand in the callback's own block. */
function when(entry: CallbackEntry): string[] {
  return [withMark(entry.phase.value, entry.phase), withMark(entry.thread.value, entry.thread)];
}

function callbackBlock(entry: CallbackEntry): string[] {
  const params = entry.value === undefined ? entry.params.map((param) => [code(param.name), paramText(param)]) : [];
  return [
    `### ${code(entry.name)}`,
    "",
    ...prototypeBlock(entry.c),
    ...[entry.summary, entry.arguments, entry.notes].flatMap((text) => (text === undefined ? [] : [prose(text), ""])),
    ...(params.length === 0 ? [] : [...table(["Parameter", "What it is"], params), ""]),
    ...(entry.value === undefined ? [`- **Result:** ${resultText(entry.result)}`] : []),
    `- **Phase:** ${withStatus(entry.phase.value, entry.phase)}`,
    `- **Thread:** ${withStatus(entry.thread.value, entry.thread)}`,
    `- **Seen in:** ${entry.versions.join(", ")}`,
    `- **Sources:** ${entry.sources.map(sourceLink).join(", ")}`,
    "",
  ];
}

// ----------------------------------------------------------------------------------------------------- index

function indexPage(entries: readonly Entry[], headers: readonly string[]): string {
  const rows = headers.map((header) => {
    const functions = entries.filter((entry) => entry.header === header && entry.kind === "function");
    const ours = functions.filter((entry) => entry.kind === "function" && entry.prototype === "vdevbox");
    const callable = functions.filter((entry) => entry.kind === "function" && entry.prototype !== "unknown");
    const ready = callable.filter((entry) => entry.kind === "function" && entry.body !== "later");
    return [
      `[${header}](${header}.md)`,
      String(functions.length),
      String(callable.length),
      String(ready.length),
      String(ours.length),
      HEADER_TEXTS[header]?.purpose.split(/(?<=\.) /)[0] ?? "",
    ];
  });
  return `${[
    BANNER,
    "# The vdev API as this project knows it",
    "",
    "The baseline is the API of the 7.0 manuals (QNX Hypervisor for Safety 2.0). Facts known only from 7.1, 8.0 or published code say so. These pages and the checks in front of every call come from one definition, `abi/definition`.",
    "",
    ...table(["Header", "Functions", "Callable", "Complete", "Prototype ours", "For"], rows),
    "",
    "What qvm calls, with phase and thread: [callbacks](callbacks.md).",
    "",
    ...LEGEND,
  ].join("\n")}\n`;
}

const LEGEND: readonly string[] = [
  "## Legend",
  "",
  "How sure a statement is; what carries no mark is documented.",
  "",
  ...table(
    ["Word", "Meaning", "When a vdev breaks it"],
    [
      ["documented", "a public manual page says so", "violation"],
      ["inferred", "follows from the manual or from published code, but no page says it", "warning"],
      ["ours, vdevbox", "our own choice, because nobody knows", "warning"],
      ["unknown", "not known", "nothing"],
    ],
  ),
  "",
  "- **Phase.** *startup*: the VM is being put together, on the main thread alone. *running*: from VDEV_CTRL_GUEST_CONFIGURED on, with at least one more thread. STATUS, BUTTON and TERMINATE carry the phase the VM is in.",
  "- **Threads.** *main*; *vcpu*, one per virtual CPU, which also runs vread and vwrite; *timer* and *pulse*, assumed to run beside every other thread; *vdev*, made by the vdev itself.",
  "- **Thread safe.** As the manual's tables say, conditions spelled out. A function that is not thread safe must not be called again before it has returned.",
  "- **May block.** The manual classifies no function, so each classification is ours. A call that may block belongs on a thread the vdev made.",
  "- **Not portable as is.** The name is the manual's, the prototype is ours: check it against the real header before building for the target. `vdevbox check` lists such calls.",
  "- **When refused.** What the C code sees when a violation is only reported; under the default policy the module stops instead.",
  "- **Complete / not there yet.** A function that is not there yet passes the gate like any other and then does nothing: ENOSYS where it returns an errno, else 0 or NULL. Loading a module that imports one says so.",
];
