/**
 * Oracle: the manual's `logger` page: filters name exactly their severities, several add up, `internal` always goes to
 * slog; and its page of common options: a vdev's `log` holds instead, for what it says with vdev_logf() only.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseConfig } from "../config/parse-config.ts";
import { LOG_DESTINATIONS, type LogDestination, SEVERITIES, type Severity } from "../config/vm-config.ts";
import { RunOutput } from "./output.ts";

interface Shown {
  readonly out: string;
  readonly err: string;
}

/** What one message of each source shows under a configuration: `dev` by vdev_logf(), `dev` by the VM, and the VM. */
function shown(config: string, severity: Severity, verbose = false): Record<"logf" | "about" | "vm", Shown> {
  const { loggers, vdevs } = parseConfig(config, "t");
  const perVdev = new Map(vdevs.flatMap((vdev) => (vdev.log ? [[vdev.type, vdev.log] as const] : [])));
  const show = (source: string, vdevLogf?: true): Shown => {
    let [out, err] = ["", ""];
    const sink = { out: (text: string) => (out += text), err: (text: string) => (err += text) };
    const event = { kind: "log", severity, source, text: "hello\n", ...(vdevLogf && { vdevLogf }) } as const;
    new RunOutput(sink, { loggers, perVdev, verbose, notes: new Map() }).show(event);
    return { out, err };
  };
  return { logf: show("dev", true), about: show("dev"), vm: show("qvm") };
}

describe("logger", () => {
  it.each<[string, Severity, string, string]>([
    ["logger info stdout", "info", "info qvm: hello\n", ""],
    ["logger info stdout", "debug", "", ""],
    ["logger info stdout", "error", "", ""],
    ["logger info,debug stderr", "debug", "", "debug qvm: hello\n"],
    ["logger info slog", "info", "", "slog: info qvm: hello\n"],
    ["logger info stdout logger info stderr", "info", "info qvm: hello\n", "info qvm: hello\n"],
    ["logger info stderr logger error,info slog", "info", "", "info qvm: hello\nslog: info qvm: hello\n"],
    ["logger info stdout logger info stdout", "info", "info qvm: hello\n", ""],
    ["logger info stdout logger info none", "info", "", ""],
    ["logger info none logger info stdout", "info", "info qvm: hello\n", ""],
    ["logger warning stdout", "warn", "warn qvm: hello\n", ""],
    ["logger error none", "error", "", ""],
    ["logger error none", "internal", "", "slog: internal qvm: hello\n"],
    ["logger internal none", "internal", "", "slog: internal qvm: hello\n"],
    ["", "internal", "", "slog: internal qvm: hello\n"],
    ["", "info", "info qvm: hello\n", ""],
    ["", "warn", "", "warn qvm: hello\n"],
    ["", "debug", "", ""],
  ])("%s shows %s so", (config, severity, out, err) => {
    expect(shown(config, severity).vm).toEqual({ out, err });
  });

  it("adds up in any order, and sends each severity to every place that was named for it once", () => {
    const filter = fc.tuple(
      fc.uniqueArray(fc.constantFrom(...SEVERITIES), { minLength: 1 }),
      fc.constantFrom(...LOG_DESTINATIONS.filter((one) => one !== "none")),
    );
    fc.assert(
      fc.property(
        fc.array(filter, { minLength: 1, maxLength: 5 }),
        fc.constantFrom(...SEVERITIES),
        (filters, severity) => {
          const text = filters.map(([severities, place]) => `logger ${severities.join()} ${place}`).join(" ");
          const has = (place: LogDestination) =>
            filters.some(([severities, to]) => to === place && severities.includes(severity));
          const { out, err } = shown(text, severity).vm;
          expect(out).toBe(has("stdout") ? `${severity} qvm: hello\n` : "");
          const slog = has("slog") || severity === "internal" ? `slog: ${severity} qvm: hello\n` : "";
          expect(err).toBe(`${has("stderr") ? `${severity} qvm: hello\n` : ""}${slog}`);
        },
      ),
    );
  });
});

describe("log of a vdev", () => {
  const config = "logger info stdout vdev dev log info,debug stderr";

  it("holds instead of logger for what the vdev says, and for nothing else", () => {
    expect(shown(config, "info").logf).toEqual({ out: "", err: "info dev: hello\n" });
    expect(shown(config, "debug").logf).toEqual({ out: "", err: "debug dev: hello\n" });
    expect(shown(config, "info").about).toEqual({ out: "info dev: hello\n", err: "" });
    expect(shown(config, "debug").about).toEqual({ out: "", err: "" });
    expect(shown(config, "info").vm).toEqual({ out: "info qvm: hello\n", err: "" });
  });

  it("can silence a vdev, but not what is internal", () => {
    expect(shown("vdev dev log fatal,error,warn none", "error").logf).toEqual({ out: "", err: "" });
    expect(shown("vdev dev log internal none", "internal").logf.err).toBe("slog: internal dev: hello\n");
  });

  it("is overruled by --verbose, which shows everything on stderr", () => {
    expect(shown("vdev dev log info none", "verbose", true).logf.err).toBe("verbose dev: hello\n");
    expect(shown("logger info stdout", "info", true).vm).toEqual({
      out: "info qvm: hello\n",
      err: "info qvm: hello\n",
    });
  });
});
