/** Types of AssemblyScript that occur in files both languages read: register tables. */
declare type u32 = number;
declare type StaticArray<T> = readonly T[];
