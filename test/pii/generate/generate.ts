/**
 * Makes a half of the PII corpus: `node test/pii/generate/generate.ts SEED PYTHON_VALUES.json > fixtures/NAME.jsonl`, where
 * the values come from `python test/pii/generate/values.py SEED`. One case a line: `[kind, value, source, template]`, the
 * text being the template with `{v}` replaced. Kind `none` is a look-alike; `phone_bare` a national number written as a bare
 * run of digits, which has no form of its own and is counted apart.
 */
import { readFileSync } from 'node:fs'
import { allFakers, type Faker } from '@faker-js/faker'
import { apiKeys } from './api-keys.ts'
import { GENERAL, NAMED, NEGATIVE } from './templates.ts'

const JS_PHONE_LOCALES = [
  'en',
  'en_GB',
  'en_AU',
  'en_IN',
  'en_ZA',
  'de',
  'de_AT',
  'de_CH',
  'fr',
  'fr_BE',
  'es',
  'es_MX',
  'it',
  'nl',
  'pt_BR',
  'pt_PT',
  'pl',
  'sv',
  'da',
  'nb_NO',
  'fi',
  'cs_CZ',
  'tr',
  'uk',
  'ru',
  'ja',
  'ko',
  'zh_CN',
  'he',
  'hu',
] as const

const seed = Number(process.argv[2])
const pythonValues: Record<string, string[]> = JSON.parse(readFileSync(process.argv[3] ?? '', 'utf8'))

const en = allFakers.en
for (const faker of Object.values(allFakers)) {
  faker.seed(seed)
  // Dates are drawn relative to this one, not to the day of the run.
  faker.setDefaultRefDate('2026-11-01T00:00:00Z')
}

const rows: string[] = []

function put(kind: string, value: string, source: string): void {
  const named = NAMED[kind === 'phone_bare' ? 'phone' : kind]
  const pool = kind === 'none' ? NEGATIVE : named !== undefined && en.datatype.boolean() ? named : GENERAL
  const template = en.helpers.arrayElement(pool)
  const filled = template.replaceAll('{n}', String(en.number.int({ min: 2, max: 900 })))
  rows.push(JSON.stringify([kind, value, source, filled]))
}

/** What is written without any separator has no form of its own: it is counted apart. */
const phoneKind = (value: string): string => (/^\d+$/.test(value) ? 'phone_bare' : 'phone')

/** IANA's special-purpose registries: not the address of anybody. */
function isSpecialIpv4(value: string): boolean {
  const [a = 0, b = 0, c = 0] = value.split('.').map(Number)
  return (
    a === 0 ||
    a === 10 ||
    a === 127 ||
    a >= 224 ||
    (a === 100 && b >= 64 && b < 128) ||
    (a === 169 && b === 254) ||
    (a === 172 && b >= 16 && b < 32) ||
    (a === 192 && b === 168) ||
    (a === 192 && b === 0 && (c === 0 || c === 2)) ||
    (a === 198 && (b === 18 || b === 19)) ||
    (a === 198 && b === 51 && c === 100) ||
    (a === 203 && b === 0 && c === 113)
  )
}

const isSpecialIpv6 = (value: string): boolean => /^(f[cdef]|::1?$|2001:0?db8)/i.test(value)

for (const [kind, values] of Object.entries(pythonValues)) {
  for (const value of values) {
    if (kind === 'phone') put(phoneKind(value), value, 'faker-py')
    else if (kind === 'ip') put(isSpecialIpv4(value) || isSpecialIpv6(value) ? 'none' : 'ip', value, 'faker-py')
    else put(kind.startsWith('none:') ? 'none' : kind, value, 'faker-py')
  }
}

for (const locale of JS_PHONE_LOCALES) {
  const faker: Faker = allFakers[locale]
  for (const style of ['human', 'international', 'national', 'human'] as const) {
    const value = faker.phone.number({ style })
    put(phoneKind(value), value, 'faker-js')
  }
  put('email', faker.internet.email(), 'faker-js')
  put('email', faker.internet.exampleEmail(), 'faker-js')
}
for (let i = 0; i < 60; i++) put('iban', en.finance.iban({ formatted: i % 2 === 0 }), 'faker-js')
for (const issuer of ['visa', 'mastercard', 'american_express', 'discover', 'jcb', 'diners_club', 'maestro'] as const) {
  for (let i = 0; i < 7; i++) put('card', en.finance.creditCardNumber({ issuer }), 'faker-js')
}
for (let i = 0; i < 30; i++) {
  const v4 = en.internet.ipv4()
  put(isSpecialIpv4(v4) ? 'none' : 'ip', v4, 'faker-js')
  const v6 = en.internet.ipv6()
  put(isSpecialIpv6(v6) ? 'none' : 'ip', v6, 'faker-js')
}
for (let i = 0; i < 50; i++) put('jwt', en.internet.jwt(), 'faker-js')
for (const value of apiKeys(en)) put('api_key', value, 'formats')

const lookAlikes: readonly (() => string)[] = [
  () => en.string.uuid(),
  () => en.string.nanoid(),
  () => en.string.hexadecimal({ length: 64 }),
  () => en.git.commitSha(),
  () => en.git.commitSha({ length: 7 }),
  () => en.git.commitDate(),
  () => en.commerce.isbn(),
  () => en.commerce.isbn({ variant: 10, separator: ' ' }),
  () => en.commerce.price({ min: 1000, max: 9_999_999, symbol: '€' }),
  () => en.system.semver(),
  () => `${en.system.semver()}.${en.number.int(40)}`,
  () => en.system.filePath(),
  () => en.system.networkInterface(),
  () => en.system.cron(),
  () => en.internet.mac(),
  () => en.internet.userAgent(),
  () => en.internet.url(),
  () => en.internet.username(),
  () => en.internet.password({ length: 24 }),
  () => en.image.url(),
  () => en.finance.accountNumber(12),
  () => en.finance.routingNumber(),
  () => en.finance.bic(),
  () => en.finance.bitcoinAddress(),
  () => en.finance.ethereumAddress(),
  () => en.finance.transactionDescription(),
  () => en.finance.amount({ min: 1e6, max: 1e9, autoFormat: true }),
  () => en.phone.imei(),
  () => en.vehicle.vin(),
  () => en.location.zipCode(),
  () => en.location.nearbyGPSCoordinate().join(','),
  () => en.location.streetAddress({ useFullAddress: true }),
  () => en.date.past().toISOString(),
  () => en.date.past().toString(),
  () => String(en.date.past().getTime()),
  () => en.date.past().toLocaleString('en-GB'),
  () => en.date.past().toLocaleString('de-DE'),
  () => en.number.float({ min: 0, max: 1e6, fractionDigits: 7 }).toString(),
  () => en.number.int({ min: 1e7, max: 1e12 }).toString(),
  () => en.number.int({ min: 1e6, max: 1e12 }).toLocaleString('en-US'),
  () => en.number.int({ min: 1e6, max: 1e12 }).toLocaleString('de-DE'),
  () => en.color.rgb({ format: 'css' }),
  () => en.lorem.paragraph(),
  () => en.hacker.phrase(),
  () => en.company.catchPhrase(),
  () => en.airline.recordLocator() + en.airline.flightNumber(),
  () => en.database.mongodbObjectId(),
  () => en.commerce.productDescription(),
  () => en.helpers.fromRegExp('PO-[0-9]{4}-[0-9]{6}'),
  () => en.helpers.fromRegExp('INV[0-9]{10}'),
  () => en.helpers.fromRegExp('TBA[0-9]{12}'),
]
for (const make of lookAlikes) for (let i = 0; i < 3; i++) put('none', make(), 'faker-js')

process.stdout.write(`${rows.join('\n')}\n`)
