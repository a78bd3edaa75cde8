import { describe, expect, it } from 'vitest'
import { choose, sectionsOf, tokensOf } from './answer.js'

const sections = sectionsOf(
  '# Answers\n\nNot a section.\n\n## What is it?\n\nA library\nfor streams.\n\n## How does it resume?\n\nBy ids.\n\nAlways.\n',
)

describe('answers', () => {
  it('takes the sections out of a Markdown file', () => {
    expect(sections).toEqual([
      { slug: 'what-is-it', title: 'What is it?', text: 'A library for streams.' },
      { slug: 'how-does-it-resume', title: 'How does it resume?', text: 'By ids.\n\nAlways.' },
    ])
  })

  it('loses nothing by cutting a text into words', () => {
    expect(tokensOf('By ids.\n\nAlways.')).toEqual(['By', ' ids.', '\n\nAlways.'])
  })

  it('chooses by the words of the prompt', () => {
    expect(choose(sections, 'Can it RESUME?').slug).toBe('how-does-it-resume')
    expect(choose(sections, 'zzz').slug).toBe('what-is-it')
  })
})
