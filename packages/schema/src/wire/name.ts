/** A param's value as a segment of a topic's name. */
export function encodeSegment(value: string): string {
  // What encodeURIComponent leaves of RFC 3986's reserved characters; of them `*` would turn an id into a subtree.
  return encodeURIComponent(value).replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
}

/** The name of the subtree that a topic may be in: its prefix and a star. */
export function subtreeOf(topic: string): string {
  return `${topic.slice(0, topic.lastIndexOf('/') + 1)}*`
}

/** A name whose `name#type` would be taken for a message of the protocol's own, and ignored, is written otherwise. */
export function ownName(name: string): string {
  return name.replace(/^sse\./, 'sse%2E')
}
