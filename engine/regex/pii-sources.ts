/**
 * The reviewed patterns of the PII pack, composed from named parts. `evals/pii.eval` holds the same text written out (a test
 * compares them), and only a pattern with exactly this text may run on the fast path.
 *
 * What a review has to find: the syntax means the same to RE2 and to V8 (ASCII classes, no `(?i)`, no `\s`, no lookaround);
 * and every repetition is bounded or can be entered only once in a run of its characters, so that backtracking stays linear.
 *
 * Two idioms stand in for lookaround. The group named `value` is what matched, the rest is context. A branch without such a
 * group is a look-alike: it is consumed, so that nothing inside it can be taken for a value. It must not consume the character
 * after it, which may be the context that the next value needs.
 */

const raw = String.raw

/** The `n` of `\n` inside JSON text is not the first letter of what follows. */
const ESCAPE = raw`\\[nrt]`

/** Spaces and hyphens as people and language models write them: also no-break and non-breaking ones and the en dash. */
const WIDE = raw`\x{A0}\x{2010}-\x{2013}\x{202F}`
const GAP = raw`[ \-${WIDE}]`

const BOUNDARY = raw`(?:\b|${ESCAPE})`

// --- email: the domain must look like one, so that `logo@2x.png` and `pkg@1.2.3-rc.next` are none.

const LABEL = raw`[A-Za-z\d\-]{1,63}`
const COMMON_TLD = 'com|net|org|edu|gov|info|biz|io|co|cn|de|fr|it|es|nl|be|pl|ru|eu|uk|us|ca|jp|kr|au|br|in'
const EMAIL = raw`${BOUNDARY}(?P<value>\w[\w.%+'\-]{0,63}@(?:[A-Za-z][A-Za-z\d\-]{0,62}\.(?:${LABEL}\.){0,6}[A-Za-z]{2,24}|(?:${LABEL}\.){1,7}(?:${COMMON_TLD})))\b`

// --- numbers of a fixed form stand alone: not inside a longer number, a decimal, an identifier.

const BEFORE_NUMBER = raw`(?:^|[^\w.+\-]|${ESCAPE})`
const AFTER_NUMBER = raw`(?:$|[^\w.\-]|[.\-](?:$|\W))`

const US_SSN =
  raw`${BEFORE_NUMBER}(?P<value>(?:00[1-9]|0[1-9]\d|[1-57-8]\d\d|6[0-57-9]\d|66[0-57-9])HYPHEN(?:0[1-9]|[1-9]\d)HYPHEN(?:000[1-9]|00[1-9]\d|0[1-9]\d\d|[1-9]\d{3}))${AFTER_NUMBER}`.replaceAll(
    'HYPHEN',
    raw`[\-\x{2010}-\x{2013}]`,
  )

/** ISO 13616's registry, and the countries that use the format outside it: length of the IBAN to country codes. */
const IBAN_LENGTHS: readonly (readonly [length: number, countries: string])[] = [
  [15, 'NO'],
  [16, 'BE'],
  [18, 'DK|FI|FK|FO|GL|NL|SD'],
  [19, 'MK|SI'],
  [20, 'AT|BA|EE|KZ|LT|LU|MN|XK'],
  [21, 'CH|HR|LI|LV'],
  [22, 'BG|BH|CR|DE|GB|GE|IE|ME|RS|VA'],
  [23, 'AE|GI|IL|IQ|OM|SO|TL'],
  [24, 'AD|CZ|ES|MD|PK|RO|SA|SE|SK|TN|VG'],
  [25, 'AO|CV|GW|LY|MZ|PT|ST'],
  [26, 'DZ|IR|IS|TR'],
  [27, 'BI|CF|CG|CM|DJ|FR|GA|GQ|GR|IT|KM|MC|MG|MR|SM|TD'],
  [28, 'AL|AZ|BF|BJ|BY|CI|CY|DO|GT|HN|HU|LB|MA|ML|NE|NI|PL|SN|SV|TG'],
  [29, 'BR|EG|PS|QA|UA'],
  [30, 'JO|KW|MU|YE'],
  [31, 'MT|SC'],
  [32, 'LC'],
  [33, 'RU'],
]

const IBAN_FORM = IBAN_LENGTHS.map(([length, countries]) => {
  const groups = Math.floor(length / 4) - 1
  const rest = length % 4
  const tail = rest === 0 ? '' : raw`${GAP}?[\dA-Z]${rest === 1 ? '' : `{${rest}}`}`
  return raw`(?:${countries})\d\d(?:${GAP}?[\dA-Z]{4}){${groups}}${tail}`
}).join('|')

const IBAN = raw`${BOUNDARY}(?P<value>${IBAN_FORM})\b`

/** Issuer prefix, length and grouping: 4-4-4-4, 4-6-5 (American Express), 4-6-4 (Diners), or none. Not groups of an IBAN. */
const CARD_FORM = [
  raw`(?:[456]\d{3}|2[2-7]\d\d|35\d\d)(?:${GAP}?\d{4}){3}`,
  raw`62\d\d(?:${GAP}?\d{4}){3}${GAP}?\d{1,3}`,
  raw`3[47]\d\d${GAP}?\d{6}${GAP}?\d{5}`,
  raw`3(?:0[0-5]|[689]\d)\d${GAP}?\d{6}${GAP}?\d{4}`,
  raw`4\d{12}`,
  raw`(?:50(?:18|20|38)|5[6-8]\d\d|6304|67(?:59|6[1-3])|0604)\d{8,15}`,
].join('|')

const CARD = raw`${BEFORE_NUMBER}(?:(?:${IBAN_FORM})\b|(?P<value>${CARD_FORM})${AFTER_NUMBER})`

// --- ip: public addresses. What IANA's special-purpose registries list, and dotted versions, are look-alikes.

const OCTET = raw`(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)`
const SPECIAL_IPV4 = [
  raw`(?:0|10|127|22[4-9]|2[345]\d)\.`,
  raw`100\.(?:6[4-9]|[789]\d|1[01]\d|12[0-7])\.`,
  raw`169\.254\.`,
  raw`172\.(?:1[6-9]|2\d|3[01])\.`,
  raw`192\.168\.`,
  raw`192\.0\.[02]\.`,
  raw`198\.1[89]\.`,
  raw`198\.51\.100\.`,
  raw`203\.0\.113\.`,
].join('|')
const HEX4 = raw`[\dA-Fa-f]{1,4}`
const IPV6 = raw`(?:${HEX4}:){7}${HEX4}|(?:${HEX4}:){2,6}(?::${HEX4}){1,5}|${HEX4}:(?::${HEX4}){2,6}|(?:${HEX4}:){3,7}:`
const IP = [
  raw`(?:[Vv]ersion|VERSION|[Vv]er\.?|[Rr]elease|[Bb]uild|[Rr]evision)[ :=#"']{0,3}v?\d{1,9}(?:\.\d{1,9})*`,
  // Product tokens of user agents: `Chrome/120.0.0.0`.
  raw`\b[A-Za-z_]\w{0,63}[/]\d{1,9}(?:\.\d{1,9})+`,
  raw`\d{1,9}(?:\.\d{1,9}){4,}`,
  raw`(?:^|[^\w.:+~\-]|${ESCAPE})(?:${[
    raw`(?:${SPECIAL_IPV4})[\d.]+`,
    raw`(?:[Ff][CcDdEeFf][\dA-Fa-f]{2}|2001:0?[Dd][Bb]8):[\dA-Fa-f:.]+`,
    // MAC addresses and fingerprints.
    raw`(?:[\dA-Fa-f]{2}:){5,19}[\dA-Fa-f]{2}\b`,
    // Versions and section numbers: no part of three digits, and the first of one digit (`5.10.12.28`) or two parts of one
    // (`23.2.14.1`). Of all public addresses 0.3% look like that.
    raw`\d(?:\.\d{1,2}){3}\b|\d\d\.(?:\d\.\d\.\d{1,2}|\d\.\d{1,2}\.\d|\d{1,2}\.\d\.\d)\b`,
    raw`(?P<value>(?:${OCTET}\.){3}${OCTET}|${IPV6})(?:$|[^\w.:+~\-]|[.:](?:$|[^\w.:])|:\d{1,5}(?:$|[^\w.:])|-(?:$|[^A-Za-z]))`,
  ].join('|')})`,
].join('|')

// --- api_key: the prefixes by which providers mark their keys. A run of key characters is entered at its start alone.

const BEFORE_TOKEN = raw`(?:^|[^\w\-]|${ESCAPE})`
const API_KEY = `${BEFORE_TOKEN}(?P<value>${[
  raw`sk-(?:proj|svcacct|admin|ant|or|lf)-[\w\-]{20,}`,
  raw`(?:sk-|gh[oprsu]_|hf_|gsk_|pplx-|xai-|npm_|whsec_|r8_|lin_api_|ntn_|secret_|tvly-|fw_|tgp_v1_|re_|dckr_pat_|figd_|glsa_|glc_|NRAK-|NRII-|AGE-SECRET-KEY-1)[A-Za-z\d]{20,}(?:_[\dA-Fa-f]{8})?`,
  raw`[sr]k_(?:live|test|prod)_[A-Za-z\d]{16,}`,
  raw`(?:github_pat_|gl(?:pat|ptt|dt|rt|cbt|soat|ft|agent|oas)-|GOCSPX-|ya29\.|AIza|hv[sb]\.|pypi-AgE|sq0(?:atp|csp|idp)-|ATATT3|ATCTT3|dp\.(?:pt|st|ct|sa)\.|nvapi-)[\w\-]{20,}`,
  raw`xox[abeoprs]-[A-Za-z\d\-]{20,}|xapp-\d-[A-Z\d]{8,16}-[A-Za-z\d\-]{20,}`,
  raw`SG\.[\w\-]{16,32}\.[\w\-]{32,64}`,
  raw`(?:AKIA|ASIA|ABIA|ACCA)[A-Z\d]{16}\b`,
  raw`(?:SK|dapi|key-|shp(?:at|ss|ca|pa)_)[\dA-Fa-f]{32}\b`,
  raw`(?:do[opr]_v1_|sntry[su]_|pul-|sbp_|rubygems_|pscale_(?:tkn|pw|oauth)_)[\w\-]{32,}`,
  raw`PMAK-[\dA-Fa-f]{24}-[\dA-Fa-f]{34}\b`,
  raw`\d{8,10}:AA[\w\-]{33}\b`,
].join('|')})`

/** RFC 7515 (three parts, the first two JSON objects) and RFC 7516 (five parts), base64url. */
const JWT = raw`${BEFORE_TOKEN}(?P<value>eyJ[\w\-]{8,}\.(?:eyJ[\w\-]{8,}\.[\w\-]*|[\w\-]*\.[\w\-]{16,}\.[\w\-]{16,}\.[\w\-]{16,}))`

// --- phone: a plausible written structure, or any of 7 to 15 digits behind a word that announces a phone number.

const SEP = raw`[ .\-${WIDE}]`
const SEP_PAREN = raw`[ .\-()/${WIDE}]`
const EXTENSION = raw`(?:[ ,]{0,2}(?:x|ext\.?|poste|#) ?\d{1,6})?`
const BEFORE_PHONE = raw`(?:^|[^\w.,:/+\-]|(?:^|\D)[.,:/]|(?:^|\W)-|${ESCAPE})`
const AFTER_PHONE = raw`(?:$|[^\w.,:/\-]|[.,:/\-](?:$|\D))`

const NOT_PHONE = [
  raw`[0-3]?\d[./\-][0-3]?\d[./\-](?:19|20)\d\d\b`,
  raw`(?:19|20)\d\d[./\-][01]?\d[./\-][0-3]?\d\b`,
  raw`[1-9]\d{0,2}(?:\.\d{1,3}){3}\b`,
  raw`[+\-]?\d{1,3}\.\d{5,}`,
  // US social security and employer numbers, ZIP+4, ISBN.
  raw`\d{3}-\d\d-\d{4}\b|\d\d-\d{7}\b|\d{5}-\d{4}\b|97[89][ \-][\d\- ]{9,14}[\dX]`,
  // Groups of four (IBANs, cards, tracking numbers) and rows of numbers.
  raw`(?:[A-Z]{2}\d\d|\d{4})${GAP}(?:[\dA-Z]{4}${GAP}){2,7}[\dA-Z]{1,4}\b|\d{3}(?: \d{3}){3,}\b`,
].join('|')

const PHONE_FORMS = [
  // +44 (0)20 7946 0958, +1-415-555-2671, (+358) 40 1234567; 0041 79 …
  raw`\(?\+\(?[1-9](?:${SEP_PAREN}{0,3}\d){6,14}`,
  raw`00[1-9]\d{0,2}${SEP_PAREN}(?:${SEP_PAREN}{0,2}\d){6,12}`,
  // North America: (415) 555-2671, 415-555-2671, 1.415.555.2671
  raw`(?:(?:001|1)${SEP})?(?:\([2-9]\d\d\)${SEP}?|[2-9]\d\d${SEP})\d{3}${SEP}\d{4}`,
  // An area code in parentheses: (0161) 496 0066, 8 (911) 893-68-80
  raw`\(0\d{2,4}\)(?:${SEP}{0,2}\d){5,8}|(?:[78] ?)?\(\d{2,3}\)(?:${SEP}{0,2}\d){6,9}`,
  // A trunk 0, an area code, a separator: 020 7946 0958, 06-12345678, 03668/145384, 04 15 39 15 00
  raw`0[1-9][ \-./](?:${SEP}?\d){7,9}|0[1-9]\d${SEP_PAREN}(?:${SEP}?\d){6,8}|0[1-9]\d\d${SEP_PAREN}(?:${SEP}?\d){5,7}|0[1-9]\d{3,4}${SEP_PAREN}(?:${SEP}?\d){4,8}`,
  // Brazil 86 9217-4218; Poland 22 383-47-01; Poland, Czechia, Spain 609 141 777, 913 17 83 31
  raw`[1-9]\d 9?\d{4}-\d{4}|[1-9]\d${GAP}\d{3}${GAP}\d\d${GAP}\d\d|[5-9]\d\d (?:\d{3} \d{3}|\d\d \d\d \d\d)`,
].join('|')

const PHONE_CUE = raw`\b(?:[Pp]hone|PHONE|[Tt]el(?:ephone)?|TEL|[Mm]obile|MOBILE|[Cc]ell|[Ff]ax|FAX|[Ww]hats[Aa]pp|[Cc]ontact (?:number|no\.?)|[Dd]ial|(?:[Cc]all|[Rr]each|[Rr]ing|[Tt]ext) (?:me|us|him|her|them|(?:my|our|your|his|their|the) [a-z]{2,12})(?: back)?(?: (?:at|on))?)(?:[ _\-]?(?:number|no\.|num|#))?(?:(?: [a-z]{2,6}){0,2} (?:is|are|at|on))?["']?[:=.]?[ \t"'*<]{0,4}`

const PHONE = [
  raw`${PHONE_CUE}(?:${NOT_PHONE}|(?P<value>\(?\+?\d(?:${SEP_PAREN}{0,3}\d){6,14}${EXTENSION})${AFTER_PHONE})`,
  raw`${BEFORE_PHONE}(?:${NOT_PHONE}|(?P<value2>(?:${PHONE_FORMS})${EXTENSION})${AFTER_PHONE})`,
].join('|')

/** RE2 source of each reviewed pattern, by the name that a plan gives it in `PatternPlan.builtin`. */
export const REVIEWED_SOURCES = {
  'pii.email': EMAIL,
  'pii.phone': PHONE,
  'pii.iban': IBAN,
  'pii.us_ssn': US_SSN,
  'pii.card': CARD,
  'pii.ip': IP,
  'pii.api_key': API_KEY,
  'pii.jwt': JWT,
} as const

export type ReviewedName = keyof typeof REVIEWED_SOURCES
