/**
 * The words of the grammar, by where they are options. An unquoted word of the VM's or of the open context's list is
 * always an option; inside a `vdev` every other word belongs to the vdev's own options.
 */
export const CONTEXT_WORDS = ["cpu", "vdev", "pass", "reserve"] as const;

/** Options that neither open a context nor apply to the open one. */
export const VM_WORDS = [
  "system",
  "ram",
  "rom",
  "load",
  "initrd",
  "cmdline",
  "logger",
  "dump",
  "debug",
  "dryrun",
  "safety",
  "unsupported",
  "user",
] as const;

/** Applies to the open context or, with none open, to the VM. */
export const SCOPED_WORDS = ["set"] as const;

export const CPU_WORDS = ["sched", "runmask", "partition", "cluster"] as const;
export const VDEV_WORDS = ["loc", "intr", "name", "log", "sched", "hostvector"] as const;
export const PASS_WORDS = ["loc", "intr"] as const;
export const RESERVE_WORDS = ["loc", "intr"] as const;

/** Options that mean the same wherever they stand. */
const EVERYWHERE: ReadonlySet<string> = new Set([...CONTEXT_WORDS, ...VM_WORDS, ...SCOPED_WORDS]);

/** Every option of the grammar. */
export const ALL_WORDS: ReadonlySet<string> = new Set([
  ...EVERYWHERE,
  ...CPU_WORDS,
  ...VDEV_WORDS,
  ...PASS_WORDS,
  ...RESERVE_WORDS,
]);

/** Options that take no argument. */
export const WITHOUT_ARGUMENT: ReadonlySet<string> = new Set(["cpu", "pass", "reserve", "debug", "dryrun"]);

/** Whether a vdev's own option of that name could never be given, since the grammar takes the word first. */
export function isTakenFromVdevs(word: string): boolean {
  return EVERYWHERE.has(word);
}
