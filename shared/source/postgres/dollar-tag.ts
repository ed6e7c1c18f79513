/** A dollar quote that the text does not contain. */
export function dollarTag(text: string): string {
  let n = 0;
  while (text.includes(`$ferry${n}$`)) n += 1;
  return `$ferry${n}$`;
}
