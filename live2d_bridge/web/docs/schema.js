/** What a JSON Schema says, in words. Nothing here touches the page. */

/** @typedef {Record<string, any>} Schema */
/** @typedef {Record<string, Schema>} Schemas the document's own, by name */
/** @typedef {{ name: string, type: string, required: boolean, description: string, limits: string }} Field */

/** @param {Schema} schema @returns {string} the name that a reference leads to, or "" */
export const nameOf = (schema) => (schema.$ref ? schema.$ref.slice(schema.$ref.lastIndexOf("/") + 1) : "");

/** @param {Schema} schema @param {Schemas} schemas @returns {Schema} */
export function resolved(schema, schemas) {
  const name = nameOf(schema);
  return name ? { ...(schemas[name] ?? {}), ...schema } : schema;
}

/** @param {Schema} schema @returns {string} */
export function typeName(schema) {
  if (schema.$ref) return nameOf(schema);
  if ("const" in schema) return JSON.stringify(schema.const);
  if (schema.enum) return schema.enum.map((/** @type {unknown} */ one) => JSON.stringify(one)).join(" | ");
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices) return [...new Set(choices.map(typeName))].join(" | ");
  if (schema.contentMediaType || schema.format === "binary") return "bytes";
  if (schema.type === "array") {
    const items = typeName(schema.items ?? {});
    return items.includes(" ") ? `(${items})[]` : `${items}[]`;
  }
  return schema.type ?? "any";
}

/** @param {Schema} schema @returns {string} */
export function limits(schema) {
  const told = [];
  const [low, high] = [schema.minimum ?? schema.exclusiveMinimum, schema.maximum ?? schema.exclusiveMaximum];
  if (low !== undefined && high !== undefined) told.push(`${low} to ${high}`);
  else if (low !== undefined) told.push(`at least ${low}`);
  else if (high !== undefined) told.push(`at most ${high}`);
  if (schema.minLength === 1 || schema.minItems === 1) told.push("not empty");
  if (schema.maxLength) told.push(`at most ${schema.maxLength} characters`);
  if (schema.maxItems) told.push(`at most ${schema.maxItems}`);
  if (schema.pattern) told.push(`matches ${schema.pattern}`);
  if (schema.default !== undefined && schema.default !== null && schema.default !== "") told.push(`default ${JSON.stringify(schema.default)}`);
  const choices = (schema.anyOf ?? schema.oneOf ?? []).map(limits).filter(Boolean);
  return [...told, ...new Set(choices)].join(", ");
}

/** @param {Schema} schema @param {Schemas} schemas @returns {Field[]} */
export function fields(schema, schemas) {
  const { properties = {}, required = [] } = resolved(schema, schemas);
  return Object.entries(properties).map(([name, field]) => ({
    name,
    type: typeName(schemas[nameOf(field)]?.enum ? schemas[nameOf(field)] : field),
    required: required.includes(name),
    description: field.description ?? "",
    limits: limits(field),
  }));
}

/**
 * Names of all schemas that one leads to, in the order in which they are met, itself left out.
 * @param {Schema} schema
 * @param {Schemas} schemas
 * @returns {string[]}
 */
export function below(schema, schemas) {
  /** @type {string[]} */
  const found = [];
  const first = nameOf(schema);
  /** @param {unknown} value */
  const look = (value) => {
    if (Array.isArray(value)) value.forEach(look);
    else if (value && typeof value === "object") {
      const name = typeof (/** @type {Schema} */ (value).$ref) === "string" ? nameOf(/** @type {Schema} */ (value)) : "";
      if (name && name !== first && !found.includes(name)) {
        found.push(name);
        look(schemas[name]);
      }
      Object.values(value).forEach(look);
    }
  };
  look(resolved(schema, schemas));
  return found;
}
