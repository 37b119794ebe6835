/**
 * The sentences that values are put into: how people, agents, tools and logs write. `{v}` is the value, `{n}` another
 * number. Half of a kind's sentences name the kind, half do not.
 */

export const GENERAL: readonly string[] = [
  'Thanks! I found it: {v}',
  '{v}',
  'I have updated your record with {v}. Is there anything else I can help with?',
  'The customer wrote: "{v}" and asked us to confirm.',
  '- name: Jordan Smith\n- value: {v}\n- status: active',
  '{"status":"ok","count":2,"value":"{v}"}',
  '{"note":"line one\\n{v}\\nline three"}',
  'Result ({v}) was returned by lookup_user after 2 attempts.',
  '| id | value |\n| --- | --- |\n| 7 | {v} |',
  'user_value={v}; retries=3; took=182ms',
  'Please check whether **{v}** is still correct.',
  'INFO 2026-03-04T10:11:12.345Z request done value={v} status=200',
  'We have on file: {v}, {n} items and a total of $48.20.',
  '<td>{v}</td><td>{n}</td>',
  'Sure. `{v}` is what I see in the system.',
  'Is it {v}?',
]

export const NAMED: Readonly<Record<string, readonly string[]>> = {
  phone: [
    'Call me at {v} after 5pm.',
    'You can reach our office on {v}.',
    'Phone: {v}',
    'My mobile number is {v}, please text me.',
    'Tel. {v} (reception)',
    'Her phone number is {v}.',
    '{"phone":"{v}","name":"A. Jones"}',
    'The contact number we have is {v}, correct?',
  ],
  email: [
    'Write to {v} please.',
    'E-mail: {v}',
    'from <{v}> to support',
    'mailto:{v}?subject=hi',
    'Contact {v}, or call.',
  ],
  iban: [
    'IBAN: {v}',
    'Please transfer the refund to {v}.',
    'My bank account is {v}, at Example Bank.',
    'IBAN {v} BIC GENODEF1XXX',
  ],
  us_ssn: [
    'SSN: {v}',
    'My social security number is {v}.',
    'ssn={v}&dob=1980-01-01',
    'The last applicant ({v}) was approved.',
  ],
  card: [
    'Card number: {v}',
    'Pay with {v} exp 04/29 cvv 123',
    'My card is {v}.',
    'card={v}&exp=0429',
    'Charged **{v}** for $20.00.',
  ],
  ip: [
    'Login from {v} was blocked.',
    'IP: {v}',
    'client {v} connected',
    'GET http://{v}/index.html',
    '{v} - - [12/Mar/2026:10:00:00 +0000] "GET / HTTP/1.1" 200',
  ],
  api_key: [
    'export API_KEY={v}',
    'Authorization: Bearer {v}',
    'My key is {v}',
    'api_key: "{v}"',
    "client = Client(api_key='{v}')",
  ],
  jwt: ['Authorization: Bearer {v}', 'token={v}', 'Cookie: session={v}; Path=/', 'Here is the token: {v}'],
}

/** How look-alikes are written. */
export const NEGATIVE: readonly string[] = [
  ...GENERAL,
  'Order {v} has shipped.',
  'Your reference is {v}.',
  'Ticket #{v} was closed.',
  'version {v} of the package',
  'commit {v} fixed it',
  'id: {v}',
  'Total: {v}',
  'tracking number {v}',
  'at {v} we saw the first error',
]
