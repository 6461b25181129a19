import type { SourcePlace } from "../errors.ts";
import { UserError } from "../errors.ts";
import { nearestWord } from "../nearest-word.ts";
import { isTakenFromVdevs, VDEV_WORDS } from "./grammar.ts";
import { formatLocation, formatLogFilter, formatPins } from "./print-config.ts";
import type { OwnWord, VdevItem } from "./vm-config.ts";

/** An `option_list` entry with this in front takes no argument (QVM_OPTION_NO_ARG_PREFIX). */
const NO_ARGUMENT_PREFIX = "0";

/** One option for the vdev's control callback. */
export interface BoundOption {
  /** Its place in `option_list`: control is called with VDEV_CTRL_FIRST_OPTIDX + index. */
  readonly index: number;
  readonly name: string;
  /** Left out when the option takes none. */
  readonly argument?: string;
  readonly place: SourcePlace;
}

interface KnownOption {
  readonly index: number;
  readonly takesArgument: boolean;
}

/**
 * Tells a vdev's own options from their arguments, now that its module is known.
 *
 * Options come in the order they were given, repeated ones each time: whether the last wins is the vdev's to say. A
 * common option that the vdev lists itself (character devices list `sched`) is handed over as well, behind the others.
 *
 * @param optionList the factory's `option_list`, without its NULL; an entry starting with "0" takes no argument
 * @throws UserError for a word the vdev does not know, and for an argument that is missing
 */
export function bindOptions(vdev: VdevItem, optionList: readonly string[]): BoundOption[] {
  const known = knownOptions(vdev, optionList);
  checkPins(vdev, known);
  const bound: BoundOption[] = [];
  for (let at = 0; at < vdev.own.length; at++) {
    const word = vdev.own[at]!;
    const option = word.quoted ? undefined : known.get(word.text);
    if (option === undefined) throw unknownWord(vdev, word, bound.at(-1), known);
    const { index, takesArgument } = option;
    if (!takesArgument) {
      bound.push({ index, name: word.text, place: word.place });
      continue;
    }
    const argument = argumentOf(vdev, word, vdev.own[at + 1]);
    bound.push({ index, name: word.text, argument: argument.text, place: word.place });
    at++;
  }
  return [...bound, ...commonOptions(vdev, known)];
}

function knownOptions(vdev: VdevItem, optionList: readonly string[]): Map<string, KnownOption> {
  const known = new Map<string, KnownOption>();
  for (const [index, entry] of optionList.entries()) {
    const takesArgument = !entry.startsWith(NO_ARGUMENT_PREFIX);
    const name = takesArgument ? entry : entry.slice(NO_ARGUMENT_PREFIX.length);
    if (isTakenFromVdevs(name)) {
      throw new UserError(
        `vdev ${vdev.type} lists an option "${name}", which is an option of the configuration itself and never reaches a vdev; rename it in the module's option_list`,
        vdev.place,
      );
    }
    if (!known.has(name)) known.set(name, { index, takesArgument });
  }
  return known;
}

/** A vdev_t has room for one interrupt; a vdev with several parses them itself, as an option of its own. */
function checkPins(vdev: VdevItem, known: ReadonlyMap<string, KnownOption>): void {
  const second = vdev.intr[1];
  if (second === undefined || known.has("intr")) return;
  throw new UserError(
    `vdev ${vdev.type} has one interrupt, and this gives it ${vdev.intr.length}; one with several has "intr" in its option_list`,
    second.place,
  );
}

function argumentOf(vdev: VdevItem, option: OwnWord, next: OwnWord | undefined): OwnWord {
  const taken = option.followedBy;
  if (taken !== undefined) {
    throw new UserError(
      `"${option.text}" of vdev ${vdev.type} needs an argument, but the option "${taken.text}" follows; if that word is meant, put it in quotes`,
      option.place,
    );
  }
  if (next !== undefined) return next;
  throw new UserError(
    `"${option.text}" of vdev ${vdev.type} needs an argument, but the configuration ends here`,
    option.place,
  );
}

function unknownWord(
  vdev: VdevItem,
  word: OwnWord,
  before: BoundOption | undefined,
  known: ReadonlyMap<string, KnownOption>,
): UserError {
  if (before !== undefined && before.argument === undefined) {
    const name = before.name;
    const sentence = `"${word.text}" is not an option of vdev ${vdev.type}, and "${name}" before it takes no argument`;
    return new UserError(sentence, word.place);
  }
  if (word.quoted) {
    return new UserError(`expected an option of vdev ${vdev.type}, found the string "${word.text}"`, word.place);
  }
  const nearest = nearestWord(word.text, [...known.keys(), ...VDEV_WORDS]);
  const hint = nearest === undefined ? "" : ` (did you mean "${nearest}"?)`;
  const names = [...known.keys()].join(", ");
  const list = names === "" ? "it has no options of its own" : `its own options are ${names}`;
  const sentence = `"${word.text}" is not an option of vdev ${vdev.type}${hint}; ${list}`;
  return new UserError(`${sentence}, and every vdev has ${VDEV_WORDS.join(", ")}`, word.place);
}

/** Common options that stand in the vdev's own list too. */
function commonOptions(vdev: VdevItem, known: ReadonlyMap<string, KnownOption>): BoundOption[] {
  const given: [name: (typeof VDEV_WORDS)[number], argument: string | undefined, place: SourcePlace | undefined][] = [
    ["loc", vdev.loc && formatLocation(vdev.loc), vdev.loc?.place],
    ["intr", vdev.intr.length > 0 ? formatPins(vdev.intr) : undefined, vdev.intr[0]?.place],
    ["name", vdev.name?.text, vdev.name?.place],
    ["log", vdev.log && formatLogFilter(vdev.log), vdev.log?.place],
    ["sched", vdev.sched?.value.toString(), vdev.sched?.place],
    ["hostvector", vdev.hostvector?.value.toString(), vdev.hostvector?.place],
  ];
  return given.flatMap(([name, argument, place]) => {
    const option = known.get(name);
    if (option === undefined || argument === undefined) return [];
    const { index, takesArgument } = option;
    return [{ index, name, place: place ?? vdev.place, ...(takesArgument && { argument }) }];
  });
}
