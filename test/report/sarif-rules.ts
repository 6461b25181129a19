/**
 * What SARIF 2.1.0 (OASIS Standard, 27 March 2020) requires of the objects that are written here, written out by hand
 * from its section 3. Numbers are those of its sections.
 */
type Json = Record<string, unknown>;

/** @returns each broken rule, with its place; none for a log that is as the specification has it */
export function brokenRules(log: Json, sections: ReadonlySet<string> = new Set()): string[] {
  const wrong: string[] = [];
  const check = (at: string, rule: string, holds: boolean) => {
    if (!holds && !sections.has(rule)) wrong.push(`${at}: ${rule}`);
  };
  const only = (at: string, value: Json, rule: string, ...names: string[]) => {
    for (const name of Object.keys(value)) check(`${at}.${name}`, `${rule} no such property`, names.includes(name));
  };
  const isText = (value: unknown) => typeof value === "string" && value !== "";
  const isPlace = (value: unknown) => Number.isSafeInteger(value) && (value as number) >= 1;
  const list = (value: unknown): Json[] => (Array.isArray(value) ? (value as Json[]) : []);

  const message = (at: string, value: unknown) => {
    check(at, "3.11.8 a message has text or an id", isText((value as Json)?.text));
  };
  const artifact = (at: string, value: Json, bases: Json) => {
    only(at, value, "3.4", "uri", "uriBaseId");
    check(at, "3.4.3 uri is a URI reference", isText(value.uri) && isUriReference(value.uri as string));
    const { uri, uriBaseId } = value as { uri: string; uriBaseId?: string };
    const isAbsolute = /^[a-z][a-z0-9+.-]*:/i.test(uri);
    check(at, "3.4.4 no base for an absolute URI", !(isAbsolute && uriBaseId !== undefined));
    check(at, "3.4.4 the base is in originalUriBaseIds", uriBaseId === undefined || uriBaseId in bases);
    check(at, "3.4.3 a relative reference does not begin with a slash", !uri.startsWith("/"));
    check(at, "3.10.1 no dot segments", !uri.split("/").some((part) => part === "." || part === ".."));
  };
  const location = (at: string, value: Json, bases: Json) => {
    only(at, value, "3.28", "id", "physicalLocation", "logicalLocations", "message");
    if ("id" in value)
      check(at, "3.28.2 id is not negative", Number.isSafeInteger(value.id) && (value.id as number) >= 0);
    if ("message" in value) message(`${at}.message`, value.message);
    const physical = value.physicalLocation as Json | undefined;
    if (physical !== undefined) {
      only(`${at}.physicalLocation`, physical, "3.29", "artifactLocation", "region");
      artifact(`${at}.artifactLocation`, physical.artifactLocation as Json, bases);
      const region = physical.region as Json | undefined;
      if (region !== undefined) {
        only(`${at}.region`, region, "3.30", "startLine", "startColumn");
        check(at, "3.30.5 startLine is positive", isPlace(region.startLine));
        check(at, "3.30.6 startColumn is positive", !("startColumn" in region) || isPlace(region.startColumn));
      }
    }
    for (const logical of list(value.logicalLocations)) {
      only(`${at}.logicalLocations`, logical, "3.33", "name", "kind");
      check(at, "3.33.4 a logical location has a name", isText(logical.name));
    }
  };
  const result = (at: string, value: Json, rules: Json[], bases: Json) => {
    only(
      ...([at, value, "3.27", "ruleId", "ruleIndex", "level", "message", "locations", "codeFlows"] as const),
      ...(["relatedLocations", "fingerprints", "partialFingerprints", "properties"] as const),
    );
    message(`${at}.message`, value.message);
    check(at, "3.27.6 ruleIndex is that of ruleId", rules[value.ruleIndex as number]?.id === value.ruleId);
    check(at, "3.27.10 level", ["none", "note", "warning", "error"].includes(value.level as string));
    check(at, "code scanning wants a place", list(value.locations).length > 0);
    for (const one of list(value.locations)) location(`${at}.locations`, one, bases);
    const ids = list(value.relatedLocations).map(({ id }) => id);
    check(at, "3.28.2 ids are unique in a result", new Set(ids).size === ids.length);
    for (const one of list(value.relatedLocations)) location(`${at}.relatedLocations`, one, bases);
    for (const flow of list(value.codeFlows)) {
      only(`${at}.codeFlows`, flow, "3.36", "threadFlows");
      check(at, "3.36.3 a code flow has thread flows", list(flow.threadFlows).length > 0);
      for (const thread of list(flow.threadFlows)) {
        only(`${at}.threadFlows`, thread, "3.37", "locations");
        check(at, "3.37.6 a thread flow has locations", list(thread.locations).length > 0);
        for (const step of list(thread.locations)) {
          only(`${at}.step`, step, "3.38", "location", "nestingLevel");
          check(
            at,
            "3.38.10 nestingLevel",
            Number.isSafeInteger(step.nestingLevel) && (step.nestingLevel as number) >= 0,
          );
          location(`${at}.step`, step.location as Json, bases);
        }
      }
    }
    for (const kind of ["fingerprints", "partialFingerprints"]) {
      for (const [name, print] of Object.entries((value[kind] ?? {}) as Json)) {
        check(
          at,
          "3.5.4 a fingerprint's name is hierarchical",
          name.split("/").every((part) => part !== ""),
        );
        check(at, "3.27.16 fingerprints are texts", isText(print));
      }
    }
  };

  only("log", log, "3.13", "$schema", "version", "runs");
  check("log", "3.13.2 version", log.version === "2.1.0");
  check("log", "3.13.3 $schema is an absolute URI", /^https:\/\//.test(String(log.$schema)));
  check("log", "3.13.4 runs", Array.isArray(log.runs));
  for (const run of list(log.runs)) {
    only("run", run, "3.14", "tool", "automationDetails", "originalUriBaseIds", "columnKind", "results");
    const driver = (run.tool as Json)?.driver as Json;
    only("driver", driver, "3.19", "name", "version", "semanticVersion", "rules");
    check("driver", "3.19.8 name", isText(driver.name));
    check("driver", "3.19.12 semanticVersion", /^\d+\.\d+\.\d+/.test(String(driver.semanticVersion)));
    const rules = list(driver.rules);
    check("rules", "3.19.23 ids are unique", new Set(rules.map(({ id }) => id)).size === rules.length);
    for (const rule of rules) {
      only("rule", rule, "3.49", "id", "shortDescription", "defaultConfiguration");
      check("rule", "3.49.3 id", isText(rule.id));
      message("rule", rule.shortDescription);
      check(
        "rule",
        "3.50.3 level",
        ["none", "note", "warning", "error"].includes((rule.defaultConfiguration as Json).level as string),
      );
    }
    check("run", "3.14.17 columnKind", ["utf16CodeUnits", "unicodeCodePoints"].includes(run.columnKind as string));
    check("run", "3.17.3 id", isText((run.automationDetails as Json).id));
    const bases = (run.originalUriBaseIds ?? {}) as Json;
    for (const base of Object.values(bases) as Json[]) {
      check("bases", "3.14.14 a base ends with a slash", /^file:\/\/\/.*\/$/.test(String(base.uri)));
    }
    check("run", "3.14.23 results", Array.isArray(run.results));
    for (const [i, one] of list(run.results).entries()) result(`results[${i}]`, one, rules, bases);
  }
  return wrong;
}

/** RFC 3986: only characters a URI may have, and % only before two digits. */
function isUriReference(text: string): boolean {
  return /^(?:[\w\-.~:/?#[\]@!$&'()*+,;=]|%[0-9A-Fa-f]{2})+$/.test(text);
}
