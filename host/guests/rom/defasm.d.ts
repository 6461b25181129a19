/** The part of `@defasm/core` 2.4 the ROM assembler uses; the package brings no types. */
declare module "@defasm/core" {
  export interface SourceRange {
    readonly start: number;
    readonly end: number;
  }
  export interface AssemblyError {
    readonly message: string;
    readonly range: SourceRange;
  }
  export interface SymbolValue {
    readonly addend: bigint;
    readonly section: Section;
  }
  export interface AssemblySymbol {
    readonly name: string;
    readonly value: SymbolValue | null;
    readonly statement: Statement | null;
  }
  export interface Relocation {
    readonly offset: number;
    readonly addend: bigint;
    /** Null for a target written as a bare number. */
    readonly symbol: AssemblySymbol | null;
    /** Bits. */
    readonly size: number;
    readonly pcRelative: boolean;
  }
  export interface Statement {
    readonly address: number;
    readonly length: number;
    readonly range: SourceRange;
    readonly section: Section;
  }
  export interface Section {
    readonly name: string;
    readonly head: { dump(): Uint8Array };
    getRelocations(): Relocation[];
  }
  export class AssemblyState {
    constructor(config: { bitness: 32 | 64; writableText?: boolean });
    readonly errors: readonly AssemblyError[];
    readonly sections: readonly Section[];
    readonly symbols: ReadonlyMap<string, AssemblySymbol>;
    compile(source: string): void;
    iterate(visit: (statement: Statement, line: number) => void): void;
  }
}
