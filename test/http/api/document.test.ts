/** The document as others read it. */
import { createConfig, lintFromString } from "@redocly/openapi-core";
import { describe, expect, it } from "vitest";

import { apiDocument } from "../../../src/http/api/document.ts";

const document = apiDocument("https://mail.example.com");

describe("the document", () => {
  it("has no fault and no warning by the linter", async () => {
    const rules = { "operation-4xx-response": "off", "no-server-example.com": "off" } as const;
    const config = await createConfig({ extends: ["recommended"], rules });
    const source = JSON.stringify(document);
    const problems = await lintFromString({ source, config });
    expect(
      problems.map(({ ruleId, message, location: [at] }) => [ruleId, message, at?.pointer]),
    ).toStrictEqual([]);
  });

  it("refers to nothing that it lacks", () => {
    const text = JSON.stringify(document);
    for (const [, name = ""] of text.matchAll(/"#\/components\/schemas\/([^"]+)"/g)) {
      expect(document.components.schemas).toHaveProperty(name);
    }
  });
});
