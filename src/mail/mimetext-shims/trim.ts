/**
 * In place of `@babel/runtime-corejs3/core-js/instance/trim`, which would bring core-js along: the
 * function that finds the `trim` of a value. A bundler's alias puts it there.
 */
const trimOf = (value: string): (() => string) => value.trim.bind(value);

export default trimOf;
