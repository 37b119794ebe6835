declare module '*.css'
/** A file's text, built in. */
declare module '*?raw' {
  const text: string
  export default text
}
