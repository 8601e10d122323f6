/** Which media type an error has: the SDKs take application/json alone. */
import { expect, it } from "vitest";

import { problemResponse } from "../../src/http/problem.ts";

const DETAILS = {
  status: 404,
  name: "not_found",
  title: "Not found",
  message: "There is no mail of this id.",
} as const;

it.each([
  ["application/problem+json", true],
  ["Application/Problem+JSON", true],
  ["application/problem+json;q=0.5, */*;q=0.1", true],
  ["application/json, application/problem+json", true],
  ["text/html , application/problem+json ; q=0.9", true],
  ["application/problem+json;q=0", false],
  ["application/problem+json; q=0.000, application/json", false],
  ["application/problem+json;q=0.5, application/json", true],
  ["application/problem+json;q=x", false],
  ["application/problem+jsonx", false],
  ["application/json", false],
  ["*/*", false],
  ["", false],
])("Accept: %s", (accept, isAsked) => {
  const request = new Request("https://mail.example.com/", { headers: { accept } });
  const type = problemResponse(request, DETAILS).headers.get("content-type");
  expect(type).toBe(isAsked ? "application/problem+json" : "application/json");
});

it("is application/json where nothing is asked for", () => {
  const answer = problemResponse(new Request("https://mail.example.com/"), DETAILS);
  expect(answer.headers.get("content-type")).toBe("application/json");
});
