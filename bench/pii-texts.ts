/** Prompts and completions of about 600 B as support, coding and data agents exchange them: with numbers, without people. */
import { faker } from '@faker-js/faker'

const TARGET_LENGTH = 600

const SENTENCES: readonly (() => string)[] = [
  () =>
    `Your order ${faker.string.numeric(10)} was placed on ${isoDate()} and will arrive within ${faker.number.int(9)} days.`,
  () => `The total is $${faker.commerce.price()} including ${faker.number.int(25)}% tax.`,
  () =>
    `I checked ${faker.number.int(400)} records in ${faker.number.int(90)} ms and found no problem with ${faker.commerce.productName()}.`,
  () => `Please restart the ${faker.hacker.noun()} service and run version ${faker.system.semver()} again.`,
  () =>
    `As discussed at ${faker.number.int({ min: 10, max: 23 })}:${faker.number.int({ min: 10, max: 59 })}, we will ${faker.hacker.verb()} the ${faker.hacker.adjective()} ${faker.hacker.noun()}.`,
  () =>
    `{"status":"ok","id":"${faker.string.uuid()}","items":${faker.number.int(40)},"took":"${faker.number.int(900)}ms"}`,
  () => `See https://${faker.internet.domainName()}/docs/${faker.lorem.slug()} for the details.`,
  () => `${faker.company.catchPhrase()}: ${faker.lorem.sentence({ min: 8, max: 18 })}`,
]

function isoDate(): string {
  return faker.date.recent({ refDate: '2026-11-01' }).toISOString().slice(0, 10)
}

/** Three sentences in four are prose, as in real conversations. */
function text(): string {
  let result = ''
  while (result.length < TARGET_LENGTH) {
    const sentence =
      faker.number.int(3) === 0 ? faker.helpers.arrayElement(SENTENCES)() : faker.lorem.sentence({ min: 8, max: 18 })
    result += `${sentence} `
  }
  return result.slice(0, TARGET_LENGTH)
}

export function cleanTexts(count: number): string[] {
  faker.seed(3)
  return Array.from({ length: count }, () => asDecoded(text()))
}

/** A string as a decoder of OTLP makes it: in one piece, not a tree or a slice of others. */
function asDecoded(text: string): string {
  return Buffer.from(text).toString()
}

export function withHits(count: number, share: number): string[] {
  const values = [
    () => faker.internet.email(),
    () => faker.phone.number({ style: 'international' }),
    () => faker.finance.iban({ formatted: true }),
    () => faker.finance.creditCardNumber({ issuer: 'visa' }),
    () => `${faker.number.int({ min: 120, max: 160 })}.${faker.number.int(255)}.12.9`,
  ]
  return cleanTexts(count).map((clean, index) => {
    if (index % Math.round(1 / share) !== 0) return clean
    const at = clean.indexOf(' ', faker.number.int(500))
    return asDecoded(`${clean.slice(0, at)} ${faker.helpers.arrayElement(values)()}${clean.slice(at)}`)
  })
}
