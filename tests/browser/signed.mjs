// The sign-off while somebody types: the Virtual School signs Linnet’s closing PEP while her social worker writes in it. What came
// before is signed, what came after is kept on the page. Called by run.mjs; by itself:
//
//   node signed.mjs PEP

import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { World, alone, box, caret, live, saved, sectionOf, shows, tab, text } from './world.mjs'

const STORY = 'care.story'

// Linnet's plan, whole: everybody writes and completes what is theirs, as the sample says, up to the Virtual School's signature.
export async function whole(program, type) {
  const sample = JSON.parse(readFileSync(new URL('../../fixtures/children/linnet.json', import.meta.url), 'utf8'))
  const { name, born, lookedAfterSince } = sample.child
  const world = await World.begin(program, name, born, lookedAfterSince)
  for (const [short, { name, role }] of Object.entries(sample.people)) Object.assign(world.person(name, role), { short })
  const people = new Map(world.people.map((person) => [person.short, person]))
  const { term, process, steps } = sample.peps[0]
  const first = people.get(steps[0].by)
  const plan = JSON.parse(first.pep('new', name, '--term', term, '--type', type, '--process', process, '--json')).pep
  first.pep('sync')
  for (const step of steps.slice(0, steps.findIndex((step) => step.signOff))) {
    const person = people.get(step.by)
    person.pep('sync')
    const answers = { ...step.answers, ...(type === 'closing' && step.answers?.[STORY] && { 'care.endReason': 'return_home' }) }
    if (step.quality) answers['qa.areas'] = Object.entries(step.quality).map(([area, grade]) => ({ area, grade }))
    if (step.feedback) answers['qa.feedback'] = step.feedback
    const file = join(world.dir, 'answers.json')
    writeFileSync(file, JSON.stringify({ format: 'openpep-answers/1', answers, none: step.none ?? {}, targets: step.targets ?? [] }))
    person.pep('import', file, '--pep', plan, '--replace')
    if (step.complete) person.pep('complete', plan)
    person.pep('sync')
  }
  return { world, plan, people }
}

export async function signed(browser, program, pictures) {
  const { world, plan, people } = await whole(program, 'closing')
  try {
    const [gideon, lorcan] = [people.get('gideon'), people.get('lorcan')]
    await world.enter(gideon, browser)
    const page = await tab(gideon, await sectionOf(gideon, plan, STORY))
    await live(page, STORY)
    const before = await text(page, STORY)
    assert(before, 'the plan is written')

    // Signed on Lorcan's device; Gideon does not know it yet and writes on.
    lorcan.pep('sync')
    lorcan.pep('sign-off', plan)
    await caret(page, STORY, -1)
    let typing = true
    const typed = (async () => {
      let words = ''
      for (let i = 1; typing; i++) {
        words += ` Line ${i}.`
        await page.keyboard.type(` Line ${i}.`, { delay: 15 })
      }
      return words
    })()
    await saved(page, STORY)
    lorcan.pep('sync')
    await shows(page, 'Your text is kept here until you close this page.')
    typing = false
    const all = before + (await typed)
    // Every letter stands in the box; it says what happened, and what it kept is more than what was saved.
    assert.equal(await text(page, STORY), all)
    assert.match(await page.innerText(`[id="saved-${STORY}"]`), /^Not saved\. .* the closing PEP is signed off/)
    const onDisk = JSON.parse(gideon.pep('show', plan, '--json')).answers[STORY]
    assert(onDisk !== all && all.startsWith(onDisk) && onDisk.startsWith(before), `${onDisk}\n${all}`)
    await box(page, STORY).scrollIntoViewIfNeeded()
    if (pictures) await page.screenshot({ path: `${pictures}/signed-off.png` })

    assert.equal(await page.getByRole('button', { name: 'Put it in as a comment' }).count(), 0, 'nothing is written in it any more')
    // Sent with the form all the same: the answer gives the words back.
    page.on('dialog', (dialog) => dialog.accept())
    await page.getByRole('button', { name: 'Save and stay here' }).click()
    await shows(page, 'Not saved: ')
    assert((await page.innerText('main')).includes(all))

    // What was signed is what stood there when it was signed.
    const file = join(world.dir, 'signed.json')
    lorcan.pep('export', plan, '--signed', '--format', 'json', '-o', file)
    const content = readFileSync(file, 'utf8')
    assert(content.includes(JSON.stringify(before).slice(1, -1)) && !content.includes('Line 1.'), 'the signed version is as it was')
    assert.deepEqual(gideon.troubles, [])
  } finally {
    await world.end()
  }
}

await alone(import.meta.url, signed, 'The sign-off while somebody types: nothing to put right.')
