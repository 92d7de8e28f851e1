// As much of XML as naming a message takes: the text of elements at a path. No entities are expanded but the five that XML
// itself has, and a document type is refused, so that there is nothing to blow up and nothing to fetch.

/** A tag, with its attributes passed over; or what is neither tag nor text. */
const TOKEN =
  /<!--[\s\S]*?-->|<!\[CDATA\[([\s\S]*?)\]\]>|<\?[\s\S]*?\?>|<(\/?)([A-Za-z_][\w:.-]*)(?:[^<>"']|"[^"]*"|'[^']*')*?(\/?)>/g;

const ENTITIES: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };

/**
 * The text of every element without children, by its path from the root: `Order/Customer/Id`. Of several at one path, the
 * first counts. `undefined` where the elements do not close each other, or there is a document type.
 */
export function xmlTexts(xml: string): ReadonlyMap<string, string> | undefined {
  if (/<!DOCTYPE/i.test(xml)) return undefined;
  const texts = new Map<string, string>();
  const path: string[] = [];
  let [text, from] = ['', 0];
  for (const token of xml.matchAll(TOKEN)) {
    const [whole, cdata, closing, name, empty] = token;
    text += unescaped(xml.slice(from, token.index)) + (cdata ?? '');
    from = token.index + whole.length;
    if (name === undefined || empty === '/') continue;
    if (closing === '/') {
      const here = path.join('/');
      if (path.pop() !== name) return undefined;
      if (!texts.has(here) && text.trim() !== '') texts.set(here, text.trim());
    } else path.push(name);
    text = '';
  }
  return path.length === 0 && texts.size > 0 ? texts : undefined;
}

const unescaped = (text: string): string =>
  text.replace(
    /&(?:(lt|gt|amp|quot|apos)|#(\d{1,7})|#x([0-9a-f]{1,6}));/gi,
    (whole, name?: string, ten?: string, hex?: string) => {
      if (name !== undefined) return ENTITIES[name] ?? whole;
      const code = ten === undefined ? Number.parseInt(hex ?? '', 16) : Number(ten);
      return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
    },
  );
