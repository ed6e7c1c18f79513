/** The value of a JSON text; undefined when it is not JSON, like answers from something in front of Polyteia. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
