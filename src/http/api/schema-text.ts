/** JSON Schema for readers: the members of an object, each with its type in words and what it means. */
import { html, prose, type Html } from "./html.ts";

interface JsonSchema {
  readonly $ref?: string;
  readonly type?: string;
  readonly description?: string;
  readonly properties?: Schemas;
  readonly required?: readonly string[];
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
  readonly maxItems?: number;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
}

export type Schemas = Readonly<Record<string, JsonSchema>>;

/** What an object holds; of anything else its type in words. */
export function fieldsOf(schema: JsonSchema, schemas: Schemas): Html {
  const { properties, required = [], description } = schema;
  const about = description === undefined ? undefined : html`<p>${prose(description)}</p>`;
  if (properties === undefined)
    return html`${about}
      <p>${typeOf(schema)}</p>`;
  const names = Object.keys(properties).filter((name) => !isRefused(properties[name]));
  return html`${about}
    <dl>
      ${names.map((name) => {
        const member = properties[name] ?? {};
        const mark = required.includes(name) ? html` <small>required</small>` : undefined;
        const inner = nested(member, schemas);
        return html`<dt><code>${name}</code> <small>${typeOf(member)}</small>${mark}</dt>
          <dd>
            ${member.description === undefined ? undefined : prose(member.description)}${inner}
          </dd>`;
      })}
    </dl>`;
}

/** A member that is there only to say that it must not be. */
function isRefused(member: JsonSchema | undefined): boolean {
  return member?.type === "null" || (member !== undefined && "not" in member);
}

function nested(member: JsonSchema, schemas: Schemas): Html | undefined {
  const only = [member, ...(member.anyOf ?? []), member.items ?? {}].find(
    (one) => one.properties !== undefined,
  );
  return only === undefined
    ? undefined
    : html`<details>
        <summary>Members</summary>
        ${fieldsOf(only, schemas)}
      </details>`;
}

function typeOf(schema: JsonSchema): Html {
  const { $ref, anyOf, items, type } = schema;
  if ($ref !== undefined) {
    const name = $ref.slice($ref.lastIndexOf("/") + 1);
    return html`<a href="#schema-${name}">${name}</a>`;
  }
  if (schema.const !== undefined) return html`${JSON.stringify(schema.const)}`;
  if (schema.enum !== undefined) {
    return html`${schema.enum.map((one) => JSON.stringify(one)).join(", ")}`;
  }
  if (anyOf !== undefined) {
    const kinds = unique(anyOf.filter((one) => !isNothing(one)));
    return html`${kinds.map((one, at) => html`${at === 0 ? "" : " or "}${typeOf(one)}`)}`;
  }
  if (type === "array") return html`list of ${items === undefined ? "anything" : typeOf(items)}`;
  return html`${type ?? "anything"}`;
}

/** What stands for an absent value: that is told once, of the whole. */
function isNothing(schema: JsonSchema): boolean {
  return schema.type === "null" || schema.const === "" || schema.maxItems === 0;
}

function unique(schemas: readonly JsonSchema[]): readonly JsonSchema[] {
  const seen = new Set<string>();
  return schemas.filter((one) => {
    const text = String(typeOf(one));
    if (seen.has(text)) return false;
    seen.add(text);
    return true;
  });
}
