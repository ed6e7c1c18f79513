/** A text's value as JSON; undefined when it is not JSON, as answers of whatever stands in front of Polyteia. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
