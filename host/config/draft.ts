import type { SettingScope } from "./settings.ts";
import type { CpuItem, PassItem, ReserveItem, Setting, VdevItem, VmConfig } from "./vm-config.ts";

/** A plain data type while it is being filled in. */
export type Draft<T> = {
  -readonly [K in keyof T]: T[K] extends readonly (infer Element)[] ? Element[] : T[K];
};

/** What the options that follow apply to. */
export type OpenContext =
  | { readonly kind: "vm" }
  | { readonly kind: "cpu"; readonly cpu: Draft<CpuItem> }
  | { readonly kind: "vdev"; readonly vdev: Draft<VdevItem> }
  | { readonly kind: "pass"; readonly pass: Draft<PassItem> }
  | { readonly kind: "reserve"; readonly reserve: Draft<ReserveItem> };

export function emptyConfig(): Draft<VmConfig> {
  return {
    cpus: [],
    memory: [],
    vdevs: [],
    passes: [],
    reserves: [],
    loads: [],
    loggers: [],
    debug: false,
    dryrun: false,
    settings: [],
    unsupported: [],
    notes: [],
  };
}

/** Adds an item in place of an earlier one of the same key: the last one wins. */
export function replaceOrAdd<T>(list: T[], item: T, key: (item: T) => string): void {
  const at = list.findIndex((other) => key(other) === key(item));
  if (at >= 0) list.splice(at, 1);
  list.push(item);
}

/** The list a setting of a scope goes to. */
export function settingsOf(config: Draft<VmConfig>, open: OpenContext, scope: SettingScope | "pass"): Setting[] {
  if (scope === "vm" || open.kind === "vm" || open.kind === "reserve") return config.settings;
  const item = open.kind === "cpu" ? open.cpu : open.kind === "vdev" ? open.vdev : open.pass;
  return item.settings as Setting[];
}
