/** A request as it is sent, and as curl would send it. */

/**
 * @typedef {object} Prepared
 * @property {string} method
 * @property {string} url
 * @property {Record<string, string>} headers
 * @property {string | FormData | null} body
 */

/** @typedef {{ place: string, name: string, value: string }} Filled */

/**
 * @param {string} method
 * @param {string} path as in the document: `/v1/models/{model}`
 * @param {Filled[]} parameters those without a value are left out
 * @param {string | FormData | null} body text is JSON
 * @param {string} key
 * @returns {Prepared}
 */
export function prepared(method, path, parameters, body, key) {
  const given = parameters.filter((parameter) => parameter.value !== "");
  /** @type {Record<string, string>} */
  const headers = key ? { Authorization: `Bearer ${key}` } : {};
  const query = new URLSearchParams();
  let url = path;
  for (const { place, name, value } of given) {
    if (place === "path") url = url.replace(`{${name}}`, encodeURIComponent(value));
    else if (place === "query") query.append(name, value);
    else headers[name] = value;
  }
  if (typeof body === "string") headers["Content-Type"] = "application/json";
  return { method, url: query.size ? `${url}?${query}` : url, headers, body };
}

/** @param {string} text */
const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;

/**
 * @param {Prepared} request
 * @param {string} origin
 * @returns {string} the key is not in it
 */
export function curl({ method, url, headers, body }, origin) {
  const parts = [`curl ${method === "GET" ? "" : `-X ${method} `}${quoted(origin + url)}`];
  for (const [name, value] of Object.entries(headers)) {
    parts.push(name === "Authorization" ? `-H "Authorization: Bearer $HAYAKUCHI_KEY"` : `-H ${quoted(`${name}: ${value}`)}`);
  }
  if (typeof body === "string") parts.push(`-d ${quoted(body)}`);
  else if (body) for (const [name, value] of body) parts.push(`-F ${quoted(`${name}=${typeof value === "string" ? value : `@${value.name}`}`)}`);
  return parts.join(" \\\n  ");
}
