import { describe, expect, test } from "vitest";
import { HEADER_TEXTS } from "./headers.ts";
import { ENTRIES, FUNCTIONS, HEADERS } from "./index.ts";
import { MANUAL_NAMES } from "./manual-names.ts";
import type { FunctionEntry, Param, ThreadSafety } from "./schema.ts";

const byName = new Map(ENTRIES.map((entry) => [entry.name, entry]));
const functionOf = (name: string) => byName.get(name) as FunctionEntry;

describe("completeness", () => {
  test("every name of the manual has an entry, or stands in one that covers its group", () => {
    const covered = new Set(ENTRIES.flatMap((entry) => [entry.name, ...(entry.covers ?? [])]));
    expect(MANUAL_NAMES.filter((name) => !covered.has(name))).toEqual([]);
  });

  test("no entry is there twice", () => {
    expect(byName.size).toBe(ENTRIES.length);
  });

  test("every header has its text, and every text its header", () => {
    expect(Object.keys(HEADER_TEXTS).sort()).toEqual([...HEADERS].sort());
  });

  test("every entry says what it is and where that comes from", () => {
    const bad = ENTRIES.filter(
      (entry) =>
        entry.summary === "" ||
        entry.sources.length === 0 ||
        entry.sources.some((source) => !/^https:\/\/|^third-party /.test(source)),
    );
    expect(bad.map((entry) => entry.name)).toEqual([]);
  });
});

describe("references", () => {
  test("parameters name structs, callbacks and counters that exist", () => {
    const wrong: string[] = [];
    for (const entry of FUNCTIONS)
      for (const param of entry.params) if (!resolves(entry, param)) wrong.push(`${entry.name}(${param.name})`);
    expect(wrong).toEqual([]);
  });

  test("embedded structs and callback members exist", () => {
    const wrong: string[] = [];
    for (const entry of ENTRIES) {
      if (entry.kind !== "struct") continue;
      for (const { name, type } of entry.fields) {
        if (typeof type !== "object") continue;
        if ("embed" in type && byName.get(type.embed)?.kind !== "struct") wrong.push(`${entry.name}.${name}`);
        if ("callback" in type && byName.get(type.callback)?.kind !== "callback") wrong.push(`${entry.name}.${name}`);
      }
    }
    expect(wrong).toEqual([]);
  });
});

function resolves(entry: FunctionEntry, { type }: Param): boolean {
  const counts = (name: string | undefined) => name === undefined || entry.params.some((param) => param.name === name);
  if (type.kind === "struct") return byName.get(type.struct)?.kind === "struct" && counts(type.count);
  if (type.kind === "buffer") return counts(type.length);
  if (type.kind === "out-int") return counts(type.count);
  if (type.kind === "callback") return byName.get(type.callback)?.kind === "callback";
  return true;
}

describe("what is known and what is ours", () => {
  test("a function without a prototype is never complete, and has no parameters of ours", () => {
    const wrong = FUNCTIONS.filter(
      (entry) => entry.prototype === "unknown" && (entry.params.length > 0 || entry.body !== "later"),
    );
    expect(wrong.map((entry) => entry.name)).toEqual([]);
  });

  test("a prototype of ours never stands as one of the manual's", () => {
    const wrong = FUNCTIONS.filter(
      (entry) => entry.prototype === "vdevbox" && Object.keys(entry.c).some((version) => version !== "vdevbox"),
    );
    expect(wrong.map((entry) => entry.name)).toEqual([]);
  });

  test("what no page gives a value is ours", () => {
    const nobodyKnows = [
      ...["VDEV_CTRL_ASSIGN", "VDEV_CTRL_GUEST_STARTING", "VDEV_CTRL_PCI_BARS", "VDEV_CTRL_FIRST_OPTIDX"],
      ...["QSL_NO_LOCATION", "GMF_READ", "GMF_MAP_ANY", "GPSC_WAIT", "GUEST_TIMER_ABSOLUTE", "VQ_INVALID_ID"],
      ...["WDOG_ACTION_TERMINATE", "WDOG_FLAG_DUMP", "QVM_OUTF_QVM", "QL_QVM_ERR", "VDEV_SAFETY_SELECTED", "GTC_MAX"],
    ];
    for (const name of nobodyKnows) {
      const entry = byName.get(name);
      const status = entry?.kind === "callback" ? entry.value?.status : entry?.kind === "constant" ? entry.status : "";
      expect(status, name).toBe("vdevbox");
    }
  });

  test("no blocking rule is documented, because the manual classifies no function", () => {
    expect(FUNCTIONS.filter((entry) => entry.mayBlock.status === "documented").map((entry) => entry.name)).toEqual([]);
  });
});

describe("rules of the manual", () => {
  test.each<[string, ThreadSafety]>([
    ["guest_intr_string", "no-allocation-when-running"],
    ["gasp_find_free", "under-gasp-lock-when-running"],
    ["gasp_find_free_range", "under-gasp-lock-when-running"],
    ["guest_button_register", "startup-only"],
    ["gasp_region_set_soft", "no"],
    ["gram_reserve", "no"],
    ["guest_cpu_read", "yes"],
    ["vdev_path", "unknown"],
  ])("%s is thread safe: %s", (name, safety) => {
    expect(functionOf(name).threadSafe.value).toBe(safety);
  });

  test("the address space lock: who takes it, who needs it", () => {
    expect(functionOf("gasp_lock").locks).toEqual([{ lock: "gasp_lock", takes: true }]);
    expect(functionOf("gasp_unlock").locks).toEqual([{ lock: "gasp_lock", releases: true }]);
    expect(functionOf("gasp_region_set_soft").locks).toEqual([{ lock: "gasp_lock", needed: "always" }]);
    expect(functionOf("gasp_find_free").locks).toEqual([{ lock: "gasp_lock", needed: "running" }]);
    expect(functionOf("gasp_region_set").locks).toBeUndefined();
  });

  test("gasp_*() is advised against on vCPU threads, gram_*() is not", () => {
    for (const entry of FUNCTIONS.filter((other) => other.header === "gasp")) {
      expect(entry.adviseAgainst?.threads, entry.name).toEqual(entry.name.startsWith("gram") ? undefined : ["vcpu"]);
    }
  });

  test("a mutex may be locked on a vCPU thread, waiting may not", () => {
    expect(functionOf("pthread_mutex_lock").mayBlock.value).toBe("no");
    for (const name of ["pthread_cond_wait", "sem_wait", "pthread_join", "usleep", "delay", "nanosleep"]) {
      expect(functionOf(name).mayBlock.value, name).toBe("yes");
    }
  });
});
