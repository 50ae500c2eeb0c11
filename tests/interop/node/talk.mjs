// One story a file. The test writes the client's registration to standard input, then answers each address that the story
// prints with the address at which the person's browser came back.
import { createInterface } from 'node:readline'

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]()
const next = async () => (await lines.next()).value

export const given = JSON.parse(await next())

// Send the person to an address; resolves to where the browser ended.
export const visit = async (url) => {
  console.log(JSON.stringify({ visit: String(url) }))
  return new URL(await next())
}

export const done = (facts) => {
  console.log(JSON.stringify({ done: facts }))
  process.exit(0)
}
