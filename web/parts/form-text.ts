/** What stands in a field of a form, without blanks around it. */
export const textOfField = (form: FormData, name: string): string => String(form.get(name) ?? '').trim()
