import * as compiler from "assemblyscript";
import {
  type BinaryExpression,
  type CallExpression,
  type Expression,
  type IdentifierExpression,
  type ImportStatement,
  Node,
  type Parser,
  type Range,
  type Source,
  type Statement,
  type StringLiteralExpression,
  type TemplateLiteralExpression,
  type VariableStatement,
} from "assemblyscript";

/** Enums of the compiler. Its types declare them `const`, which a bundler cannot inline: read from the module. */
const { NodeKind, LiteralKind, Token, CommonFlags, DiagnosticCode } = compiler as unknown as {
  readonly NodeKind: Record<"Binary" | "Call" | "Identifier" | "Import" | "Literal" | "Variable", number>;
  readonly LiteralKind: Record<"String" | "Template", number>;
  readonly Token: Record<"Plus", number>;
  readonly CommonFlags: Record<"Const", number>;
  readonly DiagnosticCode: Record<"User_defined_0", number>;
};

/** What asc calls on a transform that is an object. */
export interface AscTransform {
  afterParse(parser: Parser): void;
}

/** Files that may offer `cstr`: ours. A function of the author's own that happens to have the name is left alone. */
const OUR_SOURCES = "~lib/vdevbox/abi/";

/**
 * `cstr("text")` becomes the address of static bytes: the text in UTF-8 and a NUL, as a C string literal. The call is
 * replaced, before anything is compiled, by a constant of the file it stands in:
 *
 *     @lazy const cstr#0: usize = memory.data<u8>([116, 101, 120, 116, 0]);
 *
 * so nothing is allocated or encoded while the module runs, equal texts in a file share their bytes, and a text in an
 * inlined function exists once. `#` cannot occur in a name an author writes.
 */
export function createCstrTransform(): AscTransform {
  return {
    afterParse(parser) {
      const words = headerStrings(parser.sources);
      for (const source of parser.sources) {
        const names = importedNames(source);
        if (names.size > 0) rewrite(parser, source, names, words);
      }
    },
  };
}

/** The names under which a file imports `cstr`. */
function importedNames(source: Source): Set<string> {
  const names = new Set<string>();
  for (const statement of source.statements) {
    if (statement.kind !== NodeKind.Import) continue;
    const { internalPath, declarations } = statement as ImportStatement;
    if (!internalPath.startsWith(OUR_SOURCES)) continue;
    for (const { foreignName, name } of declarations ?? []) {
      if (foreignName.text === "cstr") names.add(name.text);
    }
  }
  return names;
}

/** The string constants of our headers (`QVM_OPTION_NO_ARG_PREFIX`): their texts by name. */
function headerStrings(sources: readonly Source[]): Map<string, string> {
  const words = new Map<string, string>();
  for (const source of sources) {
    if (!source.normalizedPath.startsWith(OUR_SOURCES)) continue;
    for (const statement of source.statements) {
      if (statement.kind !== NodeKind.Variable) continue;
      for (const { name, initializer } of (statement as VariableStatement).declarations) {
        const text = initializer === null ? undefined : literalText(initializer, NO_WORDS);
        if (text !== undefined) words.set(name.text, text);
      }
    }
  }
  return words;
}

const NO_WORDS: ReadonlyMap<string, string> = new Map();

function rewrite(parser: Parser, source: Source, names: ReadonlySet<string>, words: ReadonlyMap<string, string>): void {
  const constants = new Map<string, { readonly name: string; readonly statement: Statement }>();
  const replacement = (call: CallExpression): Expression | undefined => {
    const text = call.args.length === 1 ? literalText(call.args[0] as Expression, words) : undefined;
    const fault = text === undefined ? NOT_A_LITERAL : faultOf(text);
    if (text === undefined || fault !== undefined) {
      parser.error(DiagnosticCode.User_defined_0, (call.args[0] ?? call).range, fault ?? null);
      return undefined;
    }
    let constant = constants.get(text);
    if (constant === undefined) {
      const name = `cstr#${constants.size}`;
      constant = { name, statement: staticBytes(name, text, call.range) };
      constants.set(text, constant);
    }
    return Node.createIdentifierExpression(constant.name, call.range);
  };
  const isCall = (node: Node): node is CallExpression =>
    node.kind === NodeKind.Call &&
    names.has((node as CallExpression & { expression: { text?: string } }).expression.text ?? "");
  replaceNodes(source, isCall, replacement);
  source.statements.unshift(...[...constants.values()].map(({ statement }) => statement));
}

const NOT_A_LITERAL = "cstr() takes one string literal, because its bytes are laid down when the module is compiled";

/**
 * The text of a literal, of a template without parts, or of such joined by `+` with each other and with string
 * constants of our headers (C joins adjacent literals); undefined for anything else.
 */
function literalText(expression: Expression, words: ReadonlyMap<string, string>): string | undefined {
  if (expression.kind === NodeKind.Identifier) return words.get((expression as IdentifierExpression).text);
  if (expression.kind === NodeKind.Binary) {
    const { operator, left, right } = expression as BinaryExpression;
    if (operator !== Token.Plus) return undefined;
    const texts = [literalText(left, words), literalText(right, words)];
    return texts.includes(undefined) ? undefined : texts.join("");
  }
  if (expression.kind !== NodeKind.Literal) return undefined;
  const literal = expression as StringLiteralExpression | TemplateLiteralExpression;
  if (literal.literalKind === LiteralKind.String) return (literal as StringLiteralExpression).value;
  if (literal.literalKind !== LiteralKind.Template) return undefined;
  const { tag, parts } = literal as TemplateLiteralExpression;
  return tag === null && parts.length === 1 ? parts[0] : undefined;
}

function faultOf(text: string): string | undefined {
  if (text.includes("\0")) return "a C string ends at its first NUL: leave the NUL out of cstr()'s text";
  if (/\p{Surrogate}/u.test(text))
    return "cstr()'s text has half of a surrogate pair, which UTF-8 cannot express: write the whole character";
  return undefined;
}

/** `@lazy const NAME: usize = memory.data<u8>([BYTES])`, all of it at `range`. */
function staticBytes(name: string, text: string, range: Range): Statement {
  const bytes = [...new TextEncoder().encode(text), 0];
  const identifier = (word: string) => Node.createIdentifierExpression(word, range);
  const typeName = (word: string) => Node.createNamedType(Node.createSimpleTypeName(word, range), null, false, range);
  const data = Node.createCallExpression(
    Node.createPropertyAccessExpression(identifier("memory"), identifier("data"), range),
    [typeName("u8")],
    [
      Node.createArrayLiteralExpression(
        bytes.map((byte) => Node.createIntegerLiteralExpression(i64(byte), range)),
        range,
      ),
    ],
    range,
  );
  const lazy = [Node.createDecorator(identifier("lazy"), null, range)];
  const constant = Node.createVariableDeclaration(
    identifier(name),
    lazy,
    CommonFlags.Const,
    typeName("usize"),
    data,
    range,
  );
  return Node.createVariableStatement(lazy, [constant], range);
}

/** The compiler's 64-bit integers: it makes them with a function it puts into the global scope. */
function i64(value: number): ReturnType<typeof globalThis.i64_new> {
  return globalThis.i64_new(value, 0);
}

/**
 * Replaces nodes anywhere below `root`. The compiler has no visitor; a node's children are whatever nodes its own
 * properties hold, directly or in arrays.
 */
function replaceNodes<T extends Node>(
  root: Node,
  matches: (node: Node) => node is T,
  replacement: (node: T) => Node | undefined,
): void {
  const seen = new Set<Node>();
  const pending: Node[] = [root];
  const visit = (holder: Record<PropertyKey, unknown>, key: PropertyKey): void => {
    const value = holder[key];
    if (Array.isArray(value)) {
      for (const index of value.keys()) visit(value as unknown as Record<PropertyKey, unknown>, index);
    } else if (value instanceof Node && !seen.has(value)) {
      const other = matches(value) ? replacement(value) : undefined;
      if (other !== undefined) holder[key] = other;
      else {
        seen.add(value);
        pending.push(value);
      }
    }
  };
  for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
    for (const key of Object.keys(node)) visit(node as unknown as Record<PropertyKey, unknown>, key);
  }
}
