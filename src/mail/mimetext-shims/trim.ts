/**
 * In place of `@babel/runtime-corejs3/core-js/instance/trim`, which would bring core-js along: the
 * function that finds the `trim` of a value. A bundler's alias puts it there.
 */
export default function trimOf(_value: string): (this: string) => string {
  return trim;
}

function trim(this: string): string {
  return this.trim();
}
