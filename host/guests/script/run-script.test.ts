import { describe, expect, it } from "vitest";
import { UserError } from "../../errors.ts";
import type { GuestAccess } from "../../vm/begun-access.ts";
import type { AccessWidth, Space } from "../bus.ts";
import { AccessStatus } from "../bus.ts";
import type { ScriptMachine, ScriptRead } from "./machine.ts";
import { parseScript } from "./parse-script.ts";
import { MAX_FINDINGS, MAX_RETRIES, runScript } from "./run-script.ts";
import type { ControlWord } from "./step.ts";

/** Addresses at which the board misbehaves. */
const NOBODY = 0xdead_0000n;
const STOPS = 0x0ff0n;
/** Takes three attempts. */
const SLOW = 0x510n;
const STUCK = 0x511n;

/** Bytes of memory and ports, a timer each 100 ns that raises gic:1, and a few odd addresses. */
class Board implements ScriptMachine {
  readonly calls: string[] = [];
  readonly #bytes = new Map<string, bigint>();
  #now = 0n;
  #slow = 0;
  stopped = false;
  alarmsFired = 0;
  steps = 0;

  read(space: Space, address: bigint, width: AccessWidth, vcpu: number): ScriptRead {
    this.calls.push(`read ${space} ${address} ${width} cpu${vcpu}`);
    let value = 0n;
    for (let i = width - 1; i >= 0; i--) {
      value = (value << 8n) | (this.#bytes.get(`${space}${address + BigInt(i)}`) ?? 0n);
    }
    return { status: this.#status(address), value };
  }

  write(space: Space, address: bigint, width: AccessWidth, value: bigint, vcpu: number): AccessStatus {
    this.calls.push(`write ${space} ${address} ${width} cpu${vcpu}`);
    for (let i = 0; i < width; i++) this.#bytes.set(`${space}${address + BigInt(i)}`, (value >> BigInt(8 * i)) & 0xffn);
    return this.#status(address);
  }

  together(accesses: readonly GuestAccess[], retries: number): readonly ScriptRead[] {
    this.calls.push(`together ${retries}`);
    return accesses.map(({ op, space, lo, width, valueLo, vcpu }) =>
      op === "read"
        ? this.read(space, BigInt(lo), width, vcpu)
        : { status: this.write(space, BigInt(lo), width, BigInt(valueLo), vcpu), value: 0n },
    );
  }

  clockStep(ns?: bigint): void {
    const before = this.#now;
    this.steps++;
    this.#now = ns === undefined ? (this.#now / 100n + 1n) * 100n : this.#now + ns;
    this.alarmsFired += Number((this.#now - before) / 100n);
  }

  clockNow(): bigint {
    return this.#now;
  }

  irqLevel(pic: string, line: number): boolean | undefined {
    return pic === "gic" && line < 4 ? line === 1 && this.#now >= 100n : undefined;
  }

  irqAct(pic: string, line: number, act: string): boolean | undefined {
    this.calls.push(`${act} ${pic}:${line}`);
    return pic === "gic" && line < 4 ? act !== "take" || line === 1 : undefined;
  }

  irqCount(pic: string, line: number, count: string): number | undefined {
    return pic === "gic" && line < 4 ? count.length : undefined;
  }

  input(vdev: string, bytes: Uint8Array): string | undefined {
    this.calls.push(`input ${vdev} ${bytes.join()}`);
    return vdev === "uart" ? undefined : `there is no vdev ${vdev}`;
  }

  flow(vdev: string, takes: boolean): string | undefined {
    this.calls.push(`flow ${vdev} ${takes}`);
    return vdev === "uart" ? undefined : `there is no vdev ${vdev}`;
  }

  control(what: ControlWord): boolean {
    this.calls.push(what);
    if (what === "terminate") this.stopped = true;
    return what !== "dump";
  }

  setPowerState(cpu: number, state: string): void {
    this.calls.push(`power ${cpu} ${state}`);
  }

  pulse(vdev: string, code: number): boolean | undefined {
    this.calls.push(`pulse ${vdev} ${code}`);
    return vdev === "uart" ? code !== 99 : undefined;
  }

  #status(address: bigint): AccessStatus {
    if (address === NOBODY) return AccessStatus.busError;
    if (address === STUCK) return AccessStatus.noAdvance;
    if (address === SLOW) return this.#slow++ % 3 < 2 ? AccessStatus.noAdvance : AccessStatus.done;
    if (address !== STOPS) return AccessStatus.done;
    this.stopped = true;
    return AccessStatus.stop;
  }
}

async function run(text: string, board = new Board()) {
  const printed: string[] = [];
  const answers: string[] = [];
  const result = await runScript(parseScript(text, "s"), board, {
    print: (line) => printed.push(line),
    answer: (_step, answer) => answers.push(answer),
  });
  const findings = result.findings.map(({ place, message }) => `${place.line}: ${message}`);
  return { ...result, findings, printed, answers, calls: board.calls };
}

describe("running a script", () => {
  it("makes one access of the width asked for, from the vCPU chosen", async () => {
    const { calls } = await run("writel 0x10 1\nvcpu 2\nreadq 0x10\noutb 0x20 3\ninw 0x20\nvcpu 0\nreadb 1");
    expect(calls).toEqual([
      "write memory 16 4 cpu0",
      "read memory 16 8 cpu2",
      "write io 32 1 cpu2",
      "read io 32 2 cpu2",
      "read memory 1 1 cpu0",
    ]);
  });

  it("moves bytes one by one, in the order of their addresses", async () => {
    const result = await run(
      "write 0x100 3 0x010203\nread 0x100 3\nexpect bytes 0x010203\nmemset 0x101 2 9\nreadl 0x100\nexpect 0x00090901",
    );
    expect(result.findings).toEqual([]);
    expect(result.calls.slice(0, 3)).toEqual([
      "write memory 256 1 cpu0",
      "write memory 257 1 cpu0",
      "write memory 258 1 cpu0",
    ]);
    expect(result.accesses).toBe(3 + 3 + 2 + 1);
  });

  it("sends the host's bytes, and holds output back", async () => {
    const result = await run(
      'input uart "h\\u00e9"\ninput uart 0x00ff\nflow uart off\nflow uart on\ninput tape "x"\nexpect error',
    );
    expect(result.calls).toEqual([
      "input uart 104,195,169",
      "input uart 0,255",
      "flow uart false",
      "flow uart true",
      "input tape 120",
    ]);
    expect(result.findings).toEqual(["5: there is no vdev tape"]);
  });

  it("answers in qtest's words", async () => {
    const script = `writeb 1 0xff\nreadb 1\nread 0 2\nclock_step 5\nirq gic 0\nirq gic 9\nreadl ${NOBODY}\nstatus`;
    expect((await run(script)).answers).toEqual([
      "ok",
      "ok 0xff",
      "ok 0x00ff",
      "ok 0x5",
      "ok 0x0",
      "error (no line gic:9)",
      "error (bus error at 0xdead0000)",
      "ok",
    ]);
  });

  it("steps to a time, by a time, and to the next timer", async () => {
    const result = await run(
      "expect irq gic:1 off\nclock_step 30\nclock_step\nexpect 100\nexpect irq gic:1 on\nclock_set 250\nexpect 250",
    );
    expect(result.findings).toEqual([]);
    expect(result.expectations).toBe(4);
  });

  it("lets a long time pass in pieces, and ends where it was told to", async () => {
    const board = new Board();
    const result = await run(
      "clock_step 7\nclock_step 60000000000\nexpect 60000000007\nclock_set 90000000000\nexpect 90000000000",
      board,
    );
    expect(result.findings).toEqual([]);
    // Timers fire 100 million times a piece of 10 s: each piece is half of the one before, until they are 10,000.
    expect(board.steps).toBeGreaterThan(1000);
  });

  it("prints, and repeats as often as asked", async () => {
    const result = await run("repeat 3 {\nprint again\nrepeat 2 {\nreadb 1\n}\n}\nrepeat 0 {\nprint never\n}");
    expect(result.printed).toEqual(["again", "again", "again"]);
    expect(result.accesses).toBe(6);
  });

  it("sends control callbacks", async () => {
    expect((await run("status\nbutton")).calls).toEqual(["status", "button"]);
  });
});

describe("an expectation", () => {
  it("that fails is a finding, and the run goes on", async () => {
    const result = await run("writeb 1 7\nreadb 1\nexpect 8\nexpect 7\nexpect 0x8/0xf\nexpect 3/3\nreadb 1");
    expect(result.findings).toEqual([
      '3: expected 0x8 from "readb 0x1", got ok 0x7',
      '5: expected 0x8/0xf from "readb 0x1", got ok 0x7',
    ]);
    expect(result).toMatchObject({ failed: 2, expectations: 4, accesses: 3, skipped: 0, stopped: false });
  });

  it("of an error meets a bus error, and of a value does not", async () => {
    const result = await run(
      `readl ${NOBODY}\nexpect error\nexpect 0\nwritel ${NOBODY} 1\nexpect error\nexpect ok\nreadl 0\nexpect error`,
    );
    expect(result.findings).toEqual([
      '3: expected 0x0 from "readl 0xdead0000", got error (bus error at 0xdead0000)',
      '6: expected ok from "writel 0xdead0000 0x1", got error (bus error at 0xdead0000)',
      '8: expected error from "readl 0x0", got ok 0x0',
    ]);
    expect(result.errors).toBe(2);
  });

  it("of a value after a write, or of bytes after a read of a register, fails", async () => {
    expect((await run("writel 0 5\nexpect 5\nreadb 0\nexpect bytes 0x05")).findings).toHaveLength(2);
  });

  it("with nothing before it, or of a line that is not there, is a finding", async () => {
    expect((await run("print x\nvcpu 1\nexpect 5\nexpect irq gic:9 off\nexpect irq gic:1 on")).findings).toEqual([
      "3: expected 0x5, but no command before has a result",
      "4: expected gic:9 off, but there is no such interrupt line",
      "5: expected gic:1 on, it is off",
    ]);
  });

  it("looks past vcpu and print to the last command with a result", async () => {
    expect((await run("writeb 1 7\nreadb 1\nvcpu 1\nprint x\nexpect 7")).findings).toEqual([]);
  });

  it("that fails very often is counted, but not kept without bound", async () => {
    const result = await run("readb 0\nrepeat 5000 {\nexpect 1\n}");
    expect(result.failed).toBe(5000);
    expect(result.findings).toHaveLength(MAX_FINDINGS);
  });

  it("is shortened in a sentence when it is long", async () => {
    const [finding] = (await run(`read 0 1000\nexpect bytes 0x${"11".repeat(1000)}`)).findings;
    expect(finding!.length).toBeLessThan(300);
  });
});

describe("an access", () => {
  it("that does not advance is executed again", async () => {
    const result = await run(`readb ${SLOW}\nexpect ok`);
    expect(result.findings).toEqual([]);
    expect(result.accesses).toBe(3);
  });

  it("that never advances is given up with a finding", async () => {
    const result = await run(`readb ${STUCK}\nexpect error`);
    expect(result.findings).toEqual([`1: "readb 0x511" was executed ${MAX_RETRIES + 1} times and never advanced`]);
    expect(result.accesses).toBe(MAX_RETRIES + 1);
  });

  it("of many bytes ends at the first that fails", async () => {
    const result = await run(`write ${NOBODY - 1n} 3 0x010203\nexpect error`);
    expect(result.accesses).toBe(2);
    expect(result.findings).toEqual([]);
  });
});

describe("the end of the VM", () => {
  it("leaves later commands alone and still checks what ended it", async () => {
    const result = await run(`writel ${STOPS} 1\nexpect stop\nprint bye\nreadb 0\nprint never`);
    expect(result).toMatchObject({ findings: [], stopped: true, skipped: 2, printed: ["bye"], accesses: 1 });
  });

  it("makes an unreached expectation a finding, once", async () => {
    const result = await run(`writel ${STOPS} 1\nreadb 0\nexpect 0\nrepeat 2 {\nexpect 1\n}`);
    expect(result.findings).toEqual(['3: "expect 0x0" was not reached: the VM had ended']);
    expect(result.skipped).toBe(4);
    expect(result.expectations).toBe(0);
  });

  it("ends a repeat", async () => {
    const result = await run(`repeat 1000000 {\nwritel ${STOPS} 1\n}`);
    expect(result).toMatchObject({ accesses: 1, findings: [], stopped: true });
  });

  it("may be asked for", async () => {
    expect((await run("terminate\nexpect ok\nexpect stop\nexpect irq gic:1 off")).findings).toEqual([]);
  });

  it("holds for `expect stop` also behind commands that came too late", async () => {
    const result = await run("terminate\nterminate\nexpect stop\nreadb 0\nexpect stop\nexpect 0");
    expect(result.findings).toEqual(['6: "expect 0x0" was not reached: the VM had ended']);
    expect(result).toMatchObject({ expectations: 2, held: 2, skipped: 3 });
  });

  it("before the script leaves nothing to run", async () => {
    const board = new Board();
    board.stopped = true;
    expect(await run("readb 0\nexpect 0", board)).toMatchObject({ stopped: true, skipped: 2, failed: 1, calls: [] });
  });

  it("is not expected when it does not come", async () => {
    expect((await run("readb 0\nexpect stop")).findings).toEqual(['2: expected stop from "readb 0x0", got ok 0x0']);
  });
});

describe("a name that is nobody's", () => {
  it.each([
    ["irq foo:1", "there is no interrupt line foo:1"],
    ["irq gic:5000", "there is no interrupt line gic:5000"],
    ["irq_count gic:5000 raised", "there is no interrupt line gic:5000"],
    ["irq_enable gic:5000", "there is no interrupt line gic:5000"],
    ["pulse nobody 1", "there is no vdev nobody"],
  ])("%s is a mistake, wherever it stands", async (command, sentence) => {
    expect(await run(command)).toMatchObject({ findings: [`1: ${sentence}`], failed: 1 });
    expect((await run(`${command}\nreadb 0\nexpect ok`)).findings).toEqual([`1: ${sentence}`]);
    expect((await run(`repeat 2 {\n${command}\n}`)).findings).toEqual([`2: ${sentence}`, `2: ${sentence}`]);
    expect((await run(`${command}\nterminate\nexpect stop`)).findings).toEqual([`1: ${sentence}`]);
  });

  it("may be expected, or fail an expectation, and is told once", async () => {
    expect((await run("irq foo:1\nprint now\nexpect error\npulse nobody 1\nexpect error")).findings).toEqual([]);
    expect((await run("irq foo:1\nexpect 0")).findings).toEqual([
      '2: expected 0x0 from "irq foo 1", got error (no line foo:1)',
    ]);
  });
});

describe("time", () => {
  it("cannot be set back", async () => {
    const result = await run("clock_step 50\nclock_set 40\nexpect error\nclock_set 50\nexpect 50");
    expect(result.findings).toEqual(["2: the clock stands at 50 and cannot go back to 40"]);
  });
});

function errorOf(text: string): string {
  try {
    parseScript(text, "s");
  } catch (error) {
    if (error instanceof UserError) return error.toString();
  }
  return "no error";
}

describe("together", () => {
  it("makes accesses of several vCPUs in one go, and checks each", async () => {
    const text = `writel 0x10 5
together {
  vcpu 1
  readl 0x10
  expect 5
  vcpu 0
  repeat 2 {
    writeb 0x20 1
    expect ok
  }
  readl 0xdead0000
  expect error
  readl 0x10
  expect 6
}
readb 0x20
expect 1`;
    const { calls, findings, expectations, held, accesses, errors } = await run(text);
    expect(calls).toEqual([
      "write memory 16 4 cpu0",
      "together 1000",
      "read memory 16 4 cpu1",
      "write memory 32 1 cpu0",
      "write memory 32 1 cpu0",
      "read memory 3735879680 4 cpu0",
      "read memory 16 4 cpu0",
      "read memory 32 1 cpu0",
    ]);
    expect(findings).toEqual(['14: expected 0x6 from "readl 0x10", got ok 0x5']);
    expect({ expectations, held, accesses, errors }).toEqual({ expectations: 6, held: 5, accesses: 7, errors: 1 });
  });

  it("leaves nothing unsaid of what the VM did not come to", async () => {
    const { findings, stopped, skipped } = await run(`together {
  readl ${STOPS}
  vcpu 1
  readl 0x10
  expect 0
}
expect stop
readl 0x10`);
    expect(findings).toEqual([]);
    expect(stopped).toBe(true);
    expect(skipped).toBe(2);
  });

  it.each([
    ["together {\n}", "s:1:1: this together has no access in it"],
    ["together {\nreadl 1", 's:1:1: this together is not closed: the script ends without its "}"'],
    [
      "together {\nclock_step 5\n}",
      "s:2:1: clock_step cannot stand in together, which has readl, writel and their kin",
    ],
    ["together {\nvcpu 1\nexpect 5\nreadl 1\n}", "s:3:1: in together an access is followed by at most one `expect`"],
    ["together {\nreadl 1\nexpect irq gic:1 on\n}", "s:3:1: in together an access is followed by at most one `expect`"],
    ["together {\ntogether {\nreadl 1\n}\n}", "s:2:1: together cannot stand in together"],
    ["together {\nrepeat 10001 {\nreadl 1\n}\n}", "s:3:1: a together makes at most 10000 accesses"],
    ["together 2 {\n}", 's:1:10: expected "{", found "2"'],
  ])("refuses %j", (text, sentence) => {
    expect(errorOf(text)).toContain(sentence);
  });
});
