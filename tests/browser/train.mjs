// The train with no signal: the connection goes while two people write in one plan; both go on, are told that their work is safe,
// and lose nothing when it comes back. Called by run.mjs; by itself:
//
//   node train.mjs PEP

import assert from 'node:assert/strict'
import { World, alone, caret, live, same, saved, sectionOf, shows, tab } from './world.mjs'

const NOTES = 'meeting.notes'
const STORY = 'care.story'

export async function train(browser, program, pictures) {
  const world = await World.begin(program)
  try {
    const odile = world.person('Odile Marrowfield', 'social-worker')
    const ottoline = world.person('Ottoline Greaves-Penn', 'designated-teacher')
    const plan = JSON.parse(odile.pep('new', 'Idris Fennimoor', '--term', '2025/26-spring', '--type', 'review', '--process', 'sections', '--json')).pep
    odile.pep('sync')
    ottoline.pep('sync')
    for (const person of [odile, ottoline]) await world.enter(person, browser)
    const notes = await sectionOf(odile, plan, NOTES)
    const [hers, theirs] = [await tab(odile, notes), await tab(ottoline, notes)]
    await Promise.all([live(hers, NOTES), live(theirs, NOTES)])
    await caret(hers, NOTES, -1)
    await hers.keyboard.type('Before the tunnel.')
    // Saved, then shared, then seen: Ottoline has the page open.
    const says = (page, words) => page.waitForFunction(({ f, words }) => document.getElementById(`saved-${f}`).textContent.includes(words), { f: NOTES, words })
    await says(hers, 'Shared. Seen by Ottoline Greaves-Penn')
    await shows(hers, 'Everything is saved on this device and shared.')

    // The tunnel. The banner says so on the page that is open, in words that are no error.
    await world.cut()
    await shows(hers, 'You are working offline. Everything is saved on this device')
    await shows(hers, 'Last shared at ')
    assert.equal(await hers.locator('.govuk-error-summary, .govuk-error-message').count(), 0)
    await hers.waitForFunction(() => document.getElementById('said').textContent.includes('You are working offline'))
    assert(!(await hers.innerText('main')).includes('Ottoline Greaves-Penn is here'), 'nobody who cannot be reached is shown as here')
    await Promise.all([caret(hers, NOTES, 0), caret(theirs, NOTES, -1)])
    await Promise.all([hers.keyboard.type('In the tunnel. ', { delay: 20 }), theirs.keyboard.type(' In school.', { delay: 20 })])
    await Promise.all([saved(hers, NOTES), saved(theirs, NOTES)])
    await says(hers, 'Saved on this device')
    const story = await sectionOf(odile, plan, STORY)
    const second = await tab(odile, story)
    await live(second, STORY)
    await caret(second, STORY, -1)
    await second.keyboard.type('He cooks on Sundays.')
    await saved(second, STORY)
    await shows(second, '2 answers will be shared when there is a connection.')
    // What waits is named, with since when; sending now says in words why it does not come about.
    const sync = await tab(odile, '/sync')
    await shows(sync, 'Notes of discussion')
    assert.match(await sync.innerText('#waiting'), /Since \d+:\d\d[ap]m|Since midday|Since \d+[ap]m|Since midnight/)
    await sync.getByRole('button', { name: 'Send now' }).click()
    await shows(sync, 'does not answer')
    if (pictures) {
      await sync.screenshot({ path: `${pictures}/train-sync.png`, fullPage: true })
      await second.screenshot({ path: `${pictures}/train-section.png`, fullPage: true })
    }

    // Out of the tunnel: sent at once, and everybody holds the same.
    await world.serve()
    for (const page of [sync, await tab(ottoline, '/sync')]) await page.getByRole('button', { name: 'Send now' }).click()
    for (const page of [hers, theirs, second]) await shows(page, 'Everything is saved on this device and shared.')
    assert.equal(await same([hers, theirs], NOTES), 'In the tunnel. Before the tunnel. In school.')
    for (const person of world.people) {
      person.pep('sync')
      const answers = JSON.parse(person.pep('show', plan, '--json')).answers
      assert.deepEqual([answers[NOTES], answers[STORY]], ['In the tunnel. Before the tunnel. In school.', 'He cooks on Sundays.'])
    }
    await says(hers, 'Shared')
    assert.deepEqual(world.people.flatMap((person) => person.troubles), [])
  } finally {
    await world.end()
  }
}

await alone(import.meta.url, train, 'The train with no signal: nothing to put right.')
