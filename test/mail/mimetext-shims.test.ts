import { describe, expect, it } from "vitest";

import defineProperty from "../../src/mail/mimetext-shims/define-property.ts";
import { Base64 } from "../../src/mail/mimetext-shims/js-base64.ts";
import trimOf from "../../src/mail/mimetext-shims/trim.ts";

describe("what stands in for mimetext's polyfills (M25)", () => {
  it("finds the trim of a string as core-js does: to be called on it", () => {
    expect(trimOf(" a ").call(" b ")).toBe("b");
  });

  it("defines a plain property even where the prototype has a setter", () => {
    const target: { name?: string } = Object.create({
      set name(_: string) {
        throw new Error("set");
      },
    });
    expect(defineProperty(target, "name", "a")).toBe(target);
    expect(Object.getOwnPropertyDescriptor(target, "name")).toEqual({
      value: "a",
      enumerable: true,
      configurable: true,
      writable: true,
    });
  });

  it("has no base64: nothing may be left to mimetext to encode", () => {
    expect(() => Base64.encode("a")).toThrow(TypeError);
    expect(() => Base64.encodeURI("a")).toThrow(TypeError);
  });
});
