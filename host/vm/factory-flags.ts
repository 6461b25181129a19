import {
  VFF_INTR_NO,
  VFF_INTR_NONPCI,
  VFF_INTR_REQ,
  VFF_LOC_NO,
  VFF_MANUAL_REGION,
  VFF_MUTEX,
  VFF_MUTEX_RECURSIVE,
  VFF_RC,
  VFF_RESERVED,
  VFF_VDEV_LOC_TYPES,
} from "../../abi/generated/constants.ts";

/** One thing that is wrong with a factory's flags. */
export interface FlagProblem {
  readonly message: string;
  readonly rule: string;
  readonly advice: string;
  /** Whether a manual page states the rule; else it is only advice. */
  readonly documented: boolean;
}

const INTR_BITS = VFF_INTR_NO | VFF_INTR_REQ | VFF_INTR_NONPCI;
const KNOWN =
  VFF_RESERVED |
  INTR_BITS |
  VFF_LOC_NO |
  VFF_VDEV_LOC_TYPES |
  VFF_MUTEX |
  VFF_MUTEX_RECURSIVE |
  VFF_RC |
  VFF_MANUAL_REGION;

/** What no `factory_flags` may say, whatever the configuration: vdev_factory_flags of the manual. */
export function flagProblems(flags: number): FlagProblem[] {
  const has = (bits: number) => (flags & bits) !== 0;
  const problems: FlagProblem[] = [];
  const add = (wrong: boolean, problem: FlagProblem) => {
    if (wrong) problems.push(problem);
  };
  add(has(VFF_MUTEX_RECURSIVE) && !has(VFF_MUTEX), {
    message: "VFF_MUTEX_RECURSIVE without VFF_MUTEX",
    rule: "VFF_MUTEX_RECURSIVE is given together with VFF_MUTEX",
    advice: "Set both flags for a recursive v_mtx.",
    documented: true,
  });
  add(has(VFF_RESERVED | VFF_RC), {
    message: `the reserved bits 0x${(flags & (VFF_RESERVED | VFF_RC)).toString(16)}`,
    rule: "VFF_RESERVED and VFF_RC are reserved for qvm itself",
    advice: "Leave these bits 0.",
    documented: true,
  });
  add((flags & ~KNOWN) !== 0, {
    message: `the bits 0x${((flags & ~KNOWN) >>> 0).toString(16)}, which no manual names`,
    rule: "",
    advice: "Leave bits without a name 0.",
    documented: false,
  });
  add(has(VFF_INTR_NO) && has(VFF_INTR_REQ | VFF_INTR_NONPCI), {
    message: "an interrupt both forbidden and required",
    rule: "",
    advice: "Set VFF_INTR_NO, or VFF_INTR_REQ or VFF_INTR_NONPCI; here VFF_INTR_NO counts.",
    documented: false,
  });
  add(has(VFF_LOC_NO) && has(VFF_VDEV_LOC_TYPES), {
    message: "a location both forbidden and allowed",
    rule: "",
    advice: "Set VFF_LOC_NO or kinds of locations; here VFF_LOC_NO counts.",
    documented: false,
  });
  return problems;
}
