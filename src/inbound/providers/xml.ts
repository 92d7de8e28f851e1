// As much of XML as naming a message takes: the text of elements at a path. No entities are expanded but the five that XML
// itself has, and a document type is refused, so that there is nothing to blow up and nothing to fetch. It is read once from
// the first character to the last, whatever is in it: whoever may send to a source may not hold up the process.

/** A tag, with its attributes passed over, from where it begins. */
const TAG = /<(\/?)([A-Za-z_][\w:.-]{0,99})(?![\w:.-])(?:[^<>"']|"[^"]{0,9999}"|'[^']{0,9999}'){0,9999}?(\/?)>/y;

/** What is neither tag nor text: how it begins and how it ends. */
const OTHERS = [
  ['<!--', '-->'],
  ['<![CDATA[', ']]>'],
  ['<?', '?>'],
] as const;

/** Elements within each other: more than any sender has, and few enough that a path is short. */
const MAX_DEPTH = 50;

const ENTITIES: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };

/**
 * The text of every element without children, by its path from the root: `Order/Customer/Id`. Of several at one path, the
 * first counts. `undefined` where what begins does not end, elements do not close each other, or there is a document type.
 */
export function xmlTexts(xml: string): ReadonlyMap<string, string> | undefined {
  const texts = new Map<string, string>();
  const path: string[] = [];
  let [text, from] = ['', 0];
  for (let at = xml.indexOf('<'); at >= 0; at = xml.indexOf('<', from)) {
    text += unescaped(xml.slice(from, at));
    const other = OTHERS.find(([begin]) => xml.startsWith(begin, at));
    if (other) {
      const [begin, end] = other;
      const endsAt = xml.indexOf(end, at + begin.length);
      if (endsAt < 0) return undefined;
      if (begin === '<![CDATA[') text += xml.slice(at + begin.length, endsAt);
      from = endsAt + end.length;
      continue;
    }
    TAG.lastIndex = at;
    const [whole, closing, name = '', empty] = TAG.exec(xml) ?? [];
    if (whole === undefined) return undefined;
    from = at + whole.length;
    if (empty === '/') continue;
    if (closing === '/') {
      const here = path.join('/');
      if (path.pop() !== name) return undefined;
      if (!texts.has(here) && text.trim() !== '') texts.set(here, text.trim());
    } else if (path.push(name) > MAX_DEPTH) return undefined;
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
