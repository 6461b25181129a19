import { formatHex } from "../guests/script/line-format.ts";
import type { Access, Amount, TestFinding, TestVm } from "./api.js";
import type { WantedFinding } from "./vitest-matchers.js";

/** What a matcher of `expect.extend` answers. */
interface Verdict {
  readonly pass: boolean;
  readonly message: () => string;
}

/** A VM, or what a campaign or a search came to. */
interface WithFindings {
  readonly findings: readonly TestFinding[];
}

/** Matchers for `expect.extend`, of vitest or whatever takes those of Jest; vitest-matchers.d.ts says what each is. */
export const vdevMatchers = {
  toHaveNoFindings({ findings }: WithFindings): Verdict {
    return {
      pass: findings.length === 0,
      message: () =>
        findings.length === 0
          ? "there are no findings, and some were expected"
          : `no findings were expected:\n${texts(findings)}`,
    };
  },

  toHaveFinding({ findings }: WithFindings, wanted: WantedFinding): Verdict {
    const pass = findings.some((one) => isWanted(one, wanted));
    const all = findings.length === 0 ? "there are none" : `there are:\n${texts(findings)}`;
    const what = Object.entries(wanted)
      .map(([key, value]) => `${key} ${value}`)
      .join(", ");
    return { pass, message: () => `${pass ? "no finding" : "a finding"} with ${what} was expected; ${all}` };
  },

  toHaveIrq(vm: TestVm, pin: string): Verdict {
    const pass = vm.irq(pin);
    return {
      pass,
      message: () => `${pin} is ${pass ? "high" : "low"}, and was expected to be ${pass ? "low" : "high"}`,
    };
  },

  toHaveOutput(vm: TestVm, vdev: string, wanted: string | RegExp): Verdict {
    const output = vm.output(vdev);
    const pass = typeof wanted === "string" ? output === wanted : wanted.test(output);
    const expected = typeof wanted === "string" ? JSON.stringify(wanted) : wanted;
    return {
      pass,
      message: () => `${vdev} wrote ${JSON.stringify(output)}; expected was ${pass ? "anything but " : ""}${expected}`,
    };
  },

  toRead(vm: TestVm, address: Amount, wanted: Amount | "bus-error", access?: Access): Verdict {
    const { status, value } = vm.tryRead(address, access);
    const got = status === "ok" ? value : status;
    const expected = wanted === "bus-error" ? wanted : BigInt(wanted);
    const pass = got === expected;
    const what = `a read of ${formatHex(BigInt(address))} got ${text(got)}`;
    return { pass, message: () => `${what}; expected was ${pass ? "anything but " : ""}${text(expected)}` };
  },
};

function texts(findings: readonly TestFinding[]): string {
  return findings.map(({ text }) => text).join("\n");
}

function text(value: bigint | string): string {
  return typeof value === "bigint" ? formatHex(value) : value;
}

function isWanted(finding: TestFinding, { severity, rule, message, where, vdev }: WantedFinding): boolean {
  const has = (value: string | undefined, part: string | RegExp | undefined) => {
    if (part === undefined) return true;
    return value !== undefined && (typeof part === "string" ? value.includes(part) : part.test(value));
  };
  const isThat = <T>(value: T, one: T | undefined) => one === undefined || value === one;
  return (
    isThat(finding.severity, severity) &&
    isThat(finding.rule, rule) &&
    isThat(finding.vdev, vdev) &&
    has(finding.message, message) &&
    has(finding.where, where)
  );
}
