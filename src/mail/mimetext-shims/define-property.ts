/**
 * In place of `@babel/runtime-corejs3/helpers/esm/defineProperty`, which would bring core-js along:
 * a plain property, even where the prototype has a setter. A bundler's alias puts it there.
 */
export default function defineProperty<T extends object>(
  target: T,
  key: PropertyKey,
  value: unknown,
): T {
  return Object.defineProperty(target, key, {
    value,
    enumerable: true,
    configurable: true,
    writable: true,
  });
}
