import { defaultPacks } from '../../pack-folder.ts'
import { setting } from '../setting.ts'
import { httpUrl, list, optional, path, text } from '../values.ts'

/** What belongs to no part alone: at the top of the file. */
export const instance = {
  data: setting(path('a folder'), {
    about: 'folder of the log, the traces and the queue; `:memory:` keeps nothing',
    default: '.assay',
    flag: '--data',
    argument: '<dir>',
    variables: ['ASSAY_DATA'],
    onlyUp: true,
  }),
  evals: setting(list(path('a folder, a file, or a standard pack such as assay:rag')), {
    about: 'files or folders of `.eval` definitions',
    default: defaultPacks,
    without: '`assay:latency` and `assay:pii`',
    flag: '--evals',
    argument: '<dir>',
    variables: ['ASSAY_EVALS'],
    onlyUp: true,
  }),
  host: setting(text('an address, such as 127.0.0.1'), {
    about: 'address to listen on',
    default: '127.0.0.1',
    flag: '--host',
    argument: '<address>',
    variables: ['ASSAY_HOST'],
  }),
  publicUrl: setting(optional(httpUrl('https://assay.example.org')), {
    about: 'where people reach the API: links in messages begin with it',
    default: null,
    without: 'the address of the API where one process runs everything, else no links',
    variables: ['ASSAY_PUBLIC_URL'],
  }),
}
