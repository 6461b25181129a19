import { closeSync, openSync, statSync, writeFileSync } from "node:fs";
import { basename } from "node:path";
import { formatPlace, UserError } from "../errors.ts";
import { counted } from "../plural.ts";
import { Recorder, type RunSource } from "../recording/recorder.ts";
import type { VmEvent } from "../vm/events.ts";
import type { VmPlan } from "../vm/plan.ts";
import { EXIT, type Vm } from "../vm/vm.ts";
import type { Command, ParsedArguments } from "./arguments.ts";
import { describeVm } from "./dry-run.ts";
import { Explainer } from "./explain.ts";
import { givenPieces } from "./given-pieces.ts";
import { troubledLines } from "./interrupt-summary.ts";
import { parseLimits, recordLimit } from "./limits.ts";
import { LineSink, OutputDecoders, RunOutput, type Sink } from "./output.ts";
import { exitCodeAfterOutput, onLostOutput } from "./output-failure.ts";
import { createSession, parseGuestSpec, type Session, type SessionEnd, type SessionOptions } from "./session.ts";
import { RunSignals, type SignalReceiver } from "./signals.ts";
import { countedExpectations, countedFindings, endReason } from "./summary.ts";
import { tallyOf } from "./tally.ts";

/** `vdevbox run`: builds the VM of a configuration and runs its guest. */
export const runCommand: Command = {
  name: "run",
  usage: "CONF [@FILE|TEXT…] [--guest SPEC] [--record FILE]",
  summary: "build the VM of a qvmconf file and run its guest",
  options: [
    { name: "guest", value: "SPEC", help: "script:FILE, rom:FILE (x86 assembly), or none (default)" },
    { name: "record", value: "FILE", help: "write a recording that `vdevbox replay` runs again" },
    {
      name: "record-limit",
      value: "SIZE",
      help: "end the recording, and not the run, at this size, as in 64M; default and most: 256M",
    },
    {
      name: "module-path",
      value: "DIR",
      multiple: true,
      help: "folder to look for modules in, before the others; repeatable",
    },
    { name: "policy", value: "strict|report", help: "what a broken rule does (default: strict)" },
    {
      name: "on-fault",
      value: "continue|stop",
      help: "whether the VM outlives a vdev that stopped (default: continue)",
    },
    { name: "time", value: "virtual|wall", help: "whether time follows the host's clock (default: virtual)" },
    {
      name: "max-instructions",
      value: "N",
      help: "end a ROM guest after N instructions (checked every 100,000); default: no limit",
    },
    {
      name: "max-time",
      value: "SECONDS",
      help: "end a ROM guest after so much virtual time, as in 0.5; default: no limit",
    },
    { name: "explain", help: "tell in plain words what happens" },
    { name: "verbose", help: "show messages of every severity" },
    { name: "json", help: "print how the run ended as JSON" },
  ],
  details: [
    "Modules are looked for as TYPE.wasm in --module-path, in the folders of VDEVBOX_PATH, beside CONF, in",
    "build/out/vdevs here, and among vdevbox's own. More configuration may follow CONF, as qvm takes it: @FILE or text.",
    "",
    "Ctrl-C (SIGINT) and SIGTERM press the power button. When no vdev has one the run ends; else the guest may shut down,",
    "and a second Ctrl-C cuts the power, as SIGQUIT does. A third kills. SIGUSR1 and SIGUSR2 ask every vdev for its STATUS;",
    "SIGUSR2 also writes the guest dump of `dump FILE`. To debug with Node's inspector use `node --inspect`.",
    "",
    "Exit codes are qvm's: 0 normal, 3 power cut (also Ctrl-C and SIGTERM without a button), 4 watchdog, 5 unsupported",
    "access, 6 a vdev stopped, 7 unexpected, 32-63 the vdevs' own, 64 and 65 before the start (65: the configuration), 96",
    "fatal after it. A guest's own exit code is used as it is. 1 when a script's expectation failed, 2 for a wrong command",
    "line.",
  ].join("\n"),
  run,
};

const WRITE_BYTES = 1 << 16;
/** Exit code of a run whose recording cannot be written. */
const UNWRITTEN = 2;
const UNRECORDED = "the recording cannot be written";

const STDIO: Sink = {
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
};

async function run(args: ParsedArguments): Promise<number> {
  if (args.positionals.length === 0)
    throw new UserError("run needs a configuration: `vdevbox run CONF`; see `vdevbox run --help`");
  const json = args.flag("json");
  // With --json stdout is for the program that reads it; everything else goes to stderr.
  const sink = new LineSink(json ? { out: STDIO.err, err: STDIO.err } : STDIO);
  return new Run(args, sink).run(json);
}

/** One run from the command line: session, output, recording and signals. */
class Run {
  readonly #args: ParsedArguments;
  readonly #sink: LineSink;
  readonly #explainer: Explainer | undefined;
  #output: RunOutput | undefined;
  #recorder: Recorder | undefined;
  /** What a VM said before its outputs were set up. */
  readonly #early: VmEvent[] = [];
  #unwritten = "";
  #recordFile = "";
  /** Why the recording could not be written on. */
  #failure: UserError | undefined;
  #stop = () => {};
  readonly #decoders = new OutputDecoders();

  constructor(args: ParsedArguments, sink: LineSink) {
    this.#args = args;
    this.#sink = sink;
    this.#explainer = args.flag("explain") ? new Explainer(sink, (event) => this.#tell(event)) : undefined;
  }

  async run(json: boolean): Promise<number> {
    const pieces = givenPieces(this.#args.positionals);
    const guest = parseGuestSpec(this.#args.value("guest"));
    recordLimit(this.#args);
    const signals = new RunSignals();
    let session: Session | undefined;
    let file: number | undefined;
    try {
      session = await this.#start(pieces, guest);
      const recordFile = this.#args.value("record");
      const modules = session.vm.instances.map(({ module }) => module.file);
      const inputs = [...pieces.map((piece) => piece.file), guest.file, ...modules];
      if (recordFile !== undefined) {
        refuseInput("recording", recordFile, inputs);
        file = this.#record(session, { guest: guest.kind, pieces }, recordFile);
        const { dump } = session.vm.plan;
        if (dump !== undefined) refuseInput("guest dump", dump, [recordFile]);
      }
      signals.attach(this.#receiver(session));
      const { stop } = session;
      onLostOutput(() => stop(EXIT.unexpected, "standard output cannot be written"));
      const ended = session.vm.plan.dryrun === true ? this.#dryRun(session) : await session.run();
      signals.release();
      this.#recorder?.end({ ...ended, exitCode: exitCodeOf(ended) });
      if (file !== undefined) this.#flush(file);
      const end = this.#failure === undefined ? ended : unrecorded(ended);
      const exitCode = exitCodeAfterOutput(this.#failure === undefined ? exitCodeOf(end) : UNWRITTEN);
      if (this.#failure !== undefined) this.#sink.err(`${this.#failure.toString()}\n`);
      if (json) console.log(JSON.stringify(this.#result(session, end, exitCode), undefined, 2));
      else this.#tellEnd(session, end, exitCode, this.#failure === undefined ? recordFile : undefined);
      return exitCode;
    } finally {
      onLostOutput(undefined);
      signals.release();
      session?.vm.terminate(); // a run that was given up; does nothing when the run has ended
      session?.close();
      await session?.vm.parallel?.gone();
      if (file !== undefined) {
        this.#flush(file);
        closeSync(file);
      }
    }
  }

  /** Begins the recording, with what has happened so far. @returns the open file */
  #record(session: Session, source: RunSource, recordFile: string): number {
    const file = openForWriting(recordFile);
    const bytes = recordLimit(this.#args);
    const onReached = () => {
      const size = this.#args.value("record-limit") ?? "256M";
      this.#sink.err(`the recording has reached its limit of ${size} and ends here; the run goes on without it\n`);
    };
    this.#recorder = new Recorder(session.vm, source, (text) => this.#write(file, text), { bytes, onReached });
    this.#stop = () => session.stop(EXIT.unexpected, UNRECORDED);
    this.#recordFile = recordFile;
    for (const event of this.#early) this.#recorder.event(event);
    return file;
  }

  /** What signals do. A vdev may end the VM when it is asked something; the guest is stopped then too. */
  #receiver(session: Session): SignalReceiver {
    const { vm } = session;
    const control = (which: "status" | "button" | "dump"): boolean => {
      const dealtWith = vm.control(which);
      if (vm.ended !== undefined) session.stop(vm.ended.exitCode, vm.ended.reason);
      return dealtWith;
    };
    return {
      status: (signal) => {
        control("status");
        if (signal === "SIGUSR2" && vm.plan.dump !== undefined) control("dump");
      },
      button: () => control("button"),
      cut: (reason) => session.stop(EXIT.powerCut, reason),
      say: (text) => this.#sink.err(text),
    };
  }

  /** Says what the VM is, and ends it: its guest never runs. */
  #dryRun({ vm }: Session): SessionEnd {
    for (const line of describeVm(vm)) this.#sink.out(`${line}\n`);
    vm.end(EXIT.normal, "dryrun: the VM can be built, and its guest was not started");
    return { ...vm.terminate(), script: undefined, guestError: undefined };
  }

  /** A line of the recording; several go out in one write. */
  #write(file: number, text: string): void {
    this.#unwritten += text;
    if (this.#unwritten.length >= WRITE_BYTES) this.#flush(file);
  }

  #flush(file: number): void {
    const text = this.#unwritten;
    this.#unwritten = "";
    if (this.#failure !== undefined) return;
    try {
      writeFileSync(file, text); // all of it, where writeSync may stop short
    } catch (error) {
      // Not thrown: this may be in the middle of a vdev's call.
      const { code } = error as NodeJS.ErrnoException;
      this.#failure = new UserError(`${UNRECORDED}: ${code}`, { file: this.#recordFile });
      this.#stop();
    }
  }

  async #start(pieces: ReturnType<typeof givenPieces>, guest: ReturnType<typeof parseGuestSpec>): Promise<Session> {
    const policy = choice(this.#args, "policy", ["strict", "report"] as const);
    const onFault = choice(this.#args, "on-fault", ["continue", "stop"] as const);
    const time = choice(this.#args, "time", ["virtual", "wall"] as const);
    const limits = parseLimits(this.#args, guest.kind);
    const session = await this.#tellingEarly(createSession, {
      pieces,
      guest,
      listener: (event) => this.#event(event),
      tellAccesses: this.#args.value("record") !== undefined || this.#explainer !== undefined,
      limits,
      onOutput: (text) => this.#say(text),
      modulePath: this.#args.values("module-path"),
      adjust: (plan) => {
        const inputs = [...pieces.map((piece) => piece.file), guest.file, ...plan.vdevs.map((vdev) => vdev.file)];
        if (plan.dump !== undefined) refuseInput("guest dump", plan.dump, inputs);
        refuseRecording(plan, this.#args.value("record"));
        return { ...plan, ...(policy && { policy }), ...(onFault && { onFault }), ...(time && { time }) };
      },
    });
    const { config } = session;
    const perVdev = new Map(
      session.vm.vdevs.flatMap((vdev) => {
        const log = config.vdevs.find(({ place }) => place === vdev.plan.place)?.log;
        return log === undefined ? [] : [[vdev.name, log] as const];
      }),
    );
    this.#output = new RunOutput(this.#sink, {
      loggers: config.loggers,
      perVdev,
      verbose: this.#args.flag("verbose"),
      notes: notesOf(session.vm),
    });
    for (const note of config.notes) this.#sink.err(`note: ${formatPlace(note.place)}: ${note.text}\n`);
    this.#explainer?.start(session.vm, this.#args.positionals[0]!, guest);
    for (const event of this.#early) this.#show(event);
    return session;
  }

  /** A start that fails shows what vdevs said of it, which nobody else will. */
  async #tellingEarly(create: typeof createSession, options: SessionOptions): Promise<Session> {
    try {
      return await create(options);
    } catch (error) {
      const verbose = this.#args.flag("verbose");
      const output = new RunOutput(this.#sink, { loggers: [], perVdev: new Map(), verbose, notes: new Map() });
      for (const event of this.#early) if (event.kind === "log" && event.source !== "qvm") output.show(event);
      throw error;
    }
  }

  #event(event: VmEvent): void {
    if (this.#output === undefined) this.#early.push(event);
    else {
      this.#recorder?.event(event);
      this.#show(event);
    }
  }

  /** Text a guest made by itself or through a character device. */
  #say(text: string): void {
    if (this.#explainer === undefined) this.#sink.guest(text);
    else this.#explainer.guestSays(text);
  }

  #show(event: VmEvent): void {
    if (this.#explainer === undefined) this.#tell(event);
    else this.#explainer.event(event);
  }

  /** What is told in the same words with and without `--explain`. */
  #tell(event: VmEvent): void {
    if (event.kind === "output") this.#say(this.#decoders.text(event.vdev, event.bytes));
    else this.#output?.show(event);
  }

  #tellEnd(session: Session, end: SessionEnd, exitCode: number, recordFile: string | undefined): void {
    const { vm } = session;
    for (const finding of end.script?.findings ?? []) {
      const { file, line } = finding.place;
      this.#sink.err(`${file}:${line}: ${finding.message}\n`);
    }
    if (end.guestError !== undefined) this.#sink.err(`${end.guestError.toString()}\n`);
    if (this.#explainer !== undefined) {
      this.#explainer.end(vm, end, exitCode, recordFile);
      return;
    }
    const expectations = countedExpectations(end);
    const counts = [
      ...(expectations === undefined ? [] : [expectations]),
      counted(vm.traps, "guest access", "guest accesses"),
      countedFindings(vm.findings),
    ];
    for (const line of troubledLines(vm.lines.report())) this.#sink.err(`interrupts: ${line}\n`);
    this.#sink.err(`${vm.plan.system}: ${endReason(end)} (exit code ${exitCode}); ${counts.join(", ")}\n`);
  }

  /** What `--json` prints. */
  #result(session: Session, end: SessionEnd, exitCode: number): unknown {
    const { vm } = session;
    return {
      system: vm.plan.system,
      exitCode,
      reason: end.reason,
      guestAccesses: vm.traps,
      virtualNs: vm.nowNs.toString(),
      counts: tallyOf(vm),
      script:
        end.script === undefined
          ? undefined
          : { expectations: end.script.expectations, failed: end.script.failed, findings: end.script.findings },
      vdevs: vm.vdevs.map((vdev) => ({ ...vm.findings.nameOf(vdev.index), stopped: vdev.instance.stopped ?? null })),
      findings: vm.findings.all.map((finding) => ({ ...finding, times: vm.findings.times(finding) })),
      guestClock: vm.guestClock.report().map((one) => ({ ...one, billableNs: one.billableNs.toString() })),
      linesHigh: vm.lines.high(),
      interrupts: vm.lines.report(),
      messages: vm.interrupts.msis.counts.map((one) => ({ ...one, address: `0x${one.address.toString(16)}` })),
    };
  }
}

/** What the VM says of modules, which it names without their folders, and the same with them. */
function notesOf(vm: Vm): ReadonlyMap<string, string> {
  const notes = vm.instances.flatMap(({ module }) =>
    module.notes.map((note) => [note.replaceAll(module.file, basename(module.file)), note] as const),
  );
  return new Map(notes);
}

/** The end of a run whose recording could not be written to its end. */
function unrecorded(end: SessionEnd): SessionEnd {
  return end.reason === UNRECORDED ? end : { ...end, reason: `${end.reason}, but ${UNRECORDED}` };
}

/** The VM's exit code, or 1 when all was well with it and a script expected something else. */
function exitCodeOf(end: SessionEnd): number {
  return end.exitCode === 0 && (end.script?.failed ?? 0) > 0 ? 1 : end.exitCode;
}

export function choice<T extends string>(args: ParsedArguments, name: string, choices: readonly T[]): T | undefined {
  const value = args.value(name);
  if (value === undefined) return undefined;
  const found = choices.find((one) => one === value);
  if (found === undefined) throw new UserError(`--${name} takes ${choices.join(" or ")}, and not ${value}`);
  return found;
}

/** @throws UserError for a recording of a run that cannot be replayed */
function refuseRecording({ threads }: VmPlan, file: string | undefined): void {
  if (threads !== "parallel" || file === undefined) return;
  throw new UserError(
    "a run whose threads run in parallel cannot be recorded, because nothing could replay it; leave out --record or `set threads parallel`",
  );
}

/** @throws UserError when a file the run writes would overwrite one it reads, or writes too */
function refuseInput(what: string, file: string, inputs: readonly string[]): void {
  const identity = (name: string) => {
    const stats = statSync(name, { throwIfNoEntry: false });
    return stats?.isFile() === true ? `${stats.dev}:${stats.ino}` : undefined;
  };
  const own = identity(file);
  if (own === undefined || !inputs.some((input) => identity(input) === own)) return;
  throw new UserError(`the ${what} would overwrite this file, which the run uses; give it another name`, { file });
}

/** @throws UserError when the file cannot be written */
export function openForWriting(file: string): number {
  try {
    return openSync(file, "w");
  } catch (error) {
    throw new UserError(`cannot be written: ${(error as NodeJS.ErrnoException).code}`, { file });
  }
}
