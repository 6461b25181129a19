import { existsSync } from "node:fs";
import { readable, UserError } from "../errors.ts";
import { didYouMean } from "../nearest-word.ts";
import {
  readChoice,
  readLocation,
  readLogFilter,
  readPassLocation,
  readPassPins,
  readPins,
  readRam,
  readReservedInterrupt,
  readReservedLocation,
} from "./arguments.ts";
import type { Draft, OpenContext } from "./draft.ts";
import { replaceOrAdd, settingsOf } from "./draft.ts";
import type {
  CONTEXT_WORDS,
  CPU_WORDS,
  PASS_WORDS,
  RESERVE_WORDS,
  SCOPED_WORDS,
  VDEV_WORDS,
  VM_WORDS,
} from "./grammar.ts";
import { readNumber } from "./numbers.ts";
import type { Repeats } from "./repeats.ts";
import { placeSetting } from "./settings.ts";
import type { CpuItem, Named, NumberItem, PassItem, ReserveItem, VdevItem, VmConfig } from "./vm-config.ts";
import { UNSUPPORTED_ACTIONS, UNSUPPORTED_KINDS } from "./vm-config.ts";
import { listOf } from "./word-parts.ts";
import type { WordReader } from "./word-reader.ts";
import type { ConfigWord } from "./words.ts";

const RANGE = "[address,]length";
const MAX_PRIORITY = 255n;
const MAX_CPU = 1023n;
const MAX_VECTOR = 0xffff_ffffn;

/** The state of reading: what there is so far, and which context is open. */
export interface ReadState {
  readonly config: Draft<VmConfig>;
  readonly words: WordReader;
  open: OpenContext;
  readonly repeats: Repeats;
  /** True until the first option has been read. */
  atStart: boolean;
}

/** Reads the arguments of one option and puts what it says where it belongs. */
export type OptionReader = (state: ReadState, option: ConfigWord) => void;

type VmWord = (typeof CONTEXT_WORDS | typeof VM_WORDS | typeof SCOPED_WORDS)[number];

/** Options of the VM of which the last counts; those of a vCPU, vdev or pass all are, but the `intr` of an hpet. */
export const LAST_COUNTS: ReadonlySet<string> = new Set(["cmdline", "dump", "safety", "user"]);

/** Options that mean the same wherever they stand. */
export const VM_OPTIONS: Readonly<Record<VmWord, OptionReader>> = {
  system: readSystem,
  cpu: openCpu,
  vdev: openVdev,
  pass: openPass,
  reserve: openReserve,
  ram: ({ config, words }, option) => config.memory.push(readRam(words.argument(option, RANGE), "ram")),
  rom: ({ config, words }, option) => config.memory.push(readRam(words.argument(option, RANGE), "rom")),
  load: ({ config, words }, option) => {
    const file = words.argument(option, "a file");
    config.loads.push({ kind: "image", file: file.text, place: option.place });
    note(config, option, `"load" is kept, but no guest of vdevbox starts from it${missing(file)}`);
  },
  initrd: readInitrd,
  cmdline: ({ config, words }, option) => {
    config.cmdline = named(words, option, "a text");
    note(config, option, `"cmdline" is kept, but no guest of vdevbox reads it`);
  },
  logger: ({ config, words }, option) => config.loggers.push(logFilter(words, option)),
  dump: ({ config, words }, option) => {
    config.dump = named(words, option, "a file");
  },
  debug: ({ config }, option) => {
    config.debug = true;
    note(config, option, `"debug" is kept and changes nothing`);
  },
  dryrun: ({ config }) => {
    config.dryrun = true;
  },
  safety: ({ config, words }, option) => {
    const level = words.argument(option, "none, warn or required");
    config.safety = readChoice(level.text, level, "safety", ["none", "warn", "required"]);
    note(config, option, `"safety" is kept: vdevbox is a test tool and no safety component`);
  },
  unsupported: readUnsupported,
  user: ({ config, words }, option) => {
    words.argument(option, "a user");
    note(config, option, `"user" has no effect: vdevbox runs as whoever starts it`);
  },
  set: readSet,
};

export const CPU_OPTIONS: Readonly<
  Record<(typeof CPU_WORDS)[number], (cpu: Draft<CpuItem>, ...args: Parameters<OptionReader>) => void>
> = {
  sched: (cpu, { config, words }, option) => {
    cpu.sched = number(words, option, "a priority", MAX_PRIORITY).value;
    note(config, option, `"sched" of a cpu is kept: vCPUs have no priorities here`);
  },
  runmask: (cpu, { config, words }, option) => {
    const list = listOf(words.argument(option, "a list of host CPUs"));
    cpu.runmask = list.map((word) => Number(readNumber(word.text, word, "a host CPU", MAX_CPU)));
    note(config, option, `"runmask" is kept: vCPUs run on no CPU of the host's own`);
  },
  partition: (cpu, { config, words }, option) => {
    cpu.partition = words.argument(option, "a partition's name").text;
    note(config, option, `"partition" is kept: vdevbox has no scheduler partitions`);
  },
  cluster: (cpu, { config, words }, option) => {
    cpu.cluster = words.argument(option, "a cluster's name").text;
    note(config, option, `"cluster" is kept: vdevbox has no CPU clusters`);
  },
};

export const VDEV_OPTIONS: Readonly<
  Record<(typeof VDEV_WORDS)[number], (vdev: Draft<VdevItem>, ...args: Parameters<OptionReader>) => void>
> = {
  loc: (vdev, { words }, option) => {
    vdev.loc = readLocation(words.argument(option, "an address"));
  },
  intr: (vdev, { words }, option) => {
    const pins = readPins(words.argument(option, "PIC:LINE"));
    // The one common option the manual lets an hpet repeat.
    vdev.intr = vdev.type === "hpet" ? [...vdev.intr, ...pins] : pins;
  },
  name: (vdev, { words }, option) => {
    vdev.name = nodeName(words, option);
  },
  log: (vdev, { words }, option) => {
    vdev.log = logFilter(words, option);
  },
  sched: (vdev, { config, words }, option) => {
    vdev.sched = number(words, option, "a priority", MAX_PRIORITY);
    note(config, option, `"sched" of a vdev is in its v_sched, and nothing here is scheduled by priority`);
  },
  hostvector: (vdev, { words }, option) => {
    vdev.hostvector = number(words, option, "a host vector", MAX_VECTOR);
  },
};

export const PASS_OPTIONS: Readonly<
  Record<(typeof PASS_WORDS)[number], (pass: Draft<PassItem>, ...args: Parameters<OptionReader>) => void>
> = {
  loc: (pass, { words }, option) => {
    pass.locs.push(readPassLocation(words.argument(option, "a location")));
  },
  intr: (pass, { words }, option) => {
    pass.intr = readPassPins(words.argument(option, "PIC:LINE=VECTOR"));
  },
};

export const RESERVE_OPTIONS: Readonly<
  Record<(typeof RESERVE_WORDS)[number], (reserve: Draft<ReserveItem>, ...args: Parameters<OptionReader>) => void>
> = {
  loc: (reserve, { words }, option) => {
    reserve.locs.push(readReservedLocation(words.argument(option, "a location")));
  },
  intr: (reserve, { words }, option) => {
    reserve.intr.push(readReservedInterrupt(words.argument(option, "the number of a guest interrupt")));
  },
};

function readSystem(state: ReadState, option: ConfigWord): void {
  if (!state.atStart) throw new UserError('"system" must be the very first option of the configuration', option.place);
  state.config.system = nodeName(state.words, option);
}

function openCpu(state: ReadState, option: ConfigWord): void {
  const cpu: Draft<CpuItem> = { place: option.place, settings: [] };
  state.config.cpus.push(cpu);
  state.open = { kind: "cpu", cpu };
}

function openVdev(state: ReadState, option: ConfigWord): void {
  const type = state.words.argument(option, "a type");
  if (!/^[A-Za-z0-9][A-Za-z0-9_.+-]*$/.test(type.text)) {
    throw new UserError(`"${type.text}" cannot be the type of a vdev: it names the module vdev-TYPE`, type.place);
  }
  const vdev: Draft<VdevItem> = { type: type.text, place: option.place, intr: [], settings: [], own: [] };
  state.config.vdevs.push(vdev);
  state.open = { kind: "vdev", vdev };
}

function openPass(state: ReadState, option: ConfigWord): void {
  const pass: Draft<PassItem> = { place: option.place, locs: [], intr: [], settings: [] };
  state.config.passes.push(pass);
  state.open = { kind: "pass", pass };
  note(state.config, option, `"pass" has no effect: vdevbox has no physical devices, so nobody answers there`);
}

function openReserve(state: ReadState, option: ConfigWord): void {
  const reserve: Draft<ReserveItem> = { place: option.place, locs: [], intr: [] };
  state.config.reserves.push(reserve);
  state.open = { kind: "reserve", reserve };
}

/** Bytes. */
const LONGEST_NAME = 255;

function readInitrd({ config, words }: ReadState, option: ConfigWord): void {
  const load = words.next();
  if (load?.text !== "load") {
    const hint = load === undefined ? "" : didYouMean(load.text, ["load"]);
    throw new UserError(`"initrd" is written initrd load FILE${hint}`, option.place);
  }
  const file = words.argument(load, "a file");
  config.loads.push({ kind: "initrd", file: file.text, place: option.place });
  note(config, option, `"initrd load" is kept, but no guest of vdevbox starts from it${missing(file)}`);
}

/** For a note: a configuration of a target names files that are there, and not where vdevs are developed. */
function missing({ text }: ConfigWord): string {
  const [, , file] = /^(0x[\da-fA-F]+,|\d+,)?(.*)$/s.exec(text)!;
  return existsSync(file!) ? "" : `, and there is no file ${file} here`;
}

function readUnsupported({ config, words, repeats }: ReadState, option: ConfigWord): void {
  const kind = words.argument(option, "what is not supported and what to do");
  const action = words.argument(option, "what to do");
  const item = {
    kind: readChoice(kind.text, kind, "what is not supported", UNSUPPORTED_KINDS),
    action: readChoice(action.text, action, "what to do", UNSUPPORTED_ACTIONS),
    place: option.place,
  };
  repeats.given(config.unsupported, `unsupported ${item.kind}`, option.place);
  replaceOrAdd(config.unsupported, item, (other) => other.kind);
  if (item.kind === "register" || item.kind === "instruction") {
    note(config, option, `"unsupported ${item.kind}" has no effect: no guest of vdevbox traps one`);
  }
}

function readSet({ config, words, open, repeats }: ReadState, option: ConfigWord): void {
  const name = words.argument(option, "a variable and its value");
  const value = words.argument(option, `the value of ${name.text}`);
  const placed = placeSetting(option, name, value, open.kind === "reserve" ? "vm" : open.kind);
  const settings = settingsOf(config, open, placed.scope);
  repeats.given(settings, `set ${placed.setting.name}`, option.place);
  replaceOrAdd(settings, placed.setting, (setting) => setting.name);
  // A text behind a file's last vdev is in nobody's stanza.
  const continues = open.kind === "vdev" && open.vdev.place.file !== option.place.file;
  const expected = continues && placed.isVmWide === true;
  if (placed.note !== undefined && !expected) note(config, option, placed.note);
  if (placed.scope === "vdev" && open.kind === "vdev" && continues) {
    // A text behind a file continues it, so what reads like a setting of the VM may belong to the file's last vdev.
    const advice = `to set it for the whole VM, write it in front of the first vdev`;
    note(
      config,
      option,
      `this sets "${name.text}" of vdev ${open.vdev.type} only, whose options are still open; ${advice}`,
    );
  }
}

function named(words: WordReader, option: ConfigWord, what: string): Named {
  const word = words.argument(option, what);
  if (word.text === "") throw new UserError(`"${option.text}" needs ${what}, not an empty string`, word.place);
  return { text: word.text, place: option.place };
}

/** A name that becomes a part of a path, /dev/qvm/SYSTEM/NAME: no longer than NAME_MAX of QNX file systems. */
function nodeName(words: WordReader, option: ConfigWord): Named {
  const word = words.argument(option, "a name");
  if (word.text === "") throw new UserError(`"${option.text}" needs a name, not an empty string`, word.place);
  const bytes = Buffer.byteLength(word.text);
  if (bytes > LONGEST_NAME) {
    throw new UserError(
      `a name has at most ${LONGEST_NAME} bytes, as a part of a path, and this has ${bytes}`,
      word.place,
    );
  }
  return { text: word.text, place: option.place };
}

function number(words: WordReader, option: ConfigWord, what: string, max: bigint): NumberItem {
  const word = words.argument(option, what);
  return { value: Number(readNumber(word.text, word, what, max)), place: option.place };
}

function logFilter(words: WordReader, option: ConfigWord) {
  const list = words.argument(option, "severities and a destination");
  return readLogFilter(option, list, words.argument(option, "a destination"));
}

function note(config: Draft<VmConfig>, option: ConfigWord, text: string): void {
  config.notes.push({ text: readable(text), place: option.place });
}
