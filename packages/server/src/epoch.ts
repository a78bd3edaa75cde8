/** The name of a new epoch: some 72 bits in 14 characters of base 36, so that no two histories meet by chance. */
export function newEpoch(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(14)), (byte) => (byte % 36).toString(36)).join('')
}
