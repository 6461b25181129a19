/** C strings for authors of vdevs. */

/** `char const *`: address of bytes in module memory that end with a NUL. 0 is NULL. */
export type cstring = usize;

/**
 * A C string literal: the text in UTF-8, NUL-terminated, in the module's static memory. The build replaces each call,
 * so nothing is allocated or encoded while the module runs; equal literals in a file share their bytes.
 * @param text a string literal (or a template without `${}`), free of NUL
 */
export function cstr(text: string): cstring {
  return ERROR("cstr() can only be called directly, with one string literal");
}
