// The meeting of six: six people, six devices, six browsers, one plan; several in one answer, each seeing who else is there, in
// words; and at the end everybody holds the same. Called by run.mjs; by itself:
//
//   node six.mjs PEP

import assert from 'node:assert/strict'
import { World, alone, caret, live, same, saved, sectionOf, shows, showsNot, tab, text } from './world.mjs'

const NOTES = 'meeting.notes'
const HELPS = 'wellbeing.whatHelps'

export async function six(browser, program, pictures) {
  const world = await World.begin(program)
  try {
    const odile = world.person('Odile Marrowfield', 'social-worker')
    const ottoline = world.person('Ottoline Greaves-Penn', 'designated-teacher')
    const lorcan = world.person('Lorcan Tidewell', 'virtual-school-officer')
    const imelda = world.person('Imelda Thackwray', 'designated-teacher')
    const carys = world.person('Carys Wexcombe', 'carer')
    const idris = world.person('Idris Fennimoor', 'young-person')
    const plan = JSON.parse(odile.pep('new', 'Idris Fennimoor', '--term', '2025/26-spring', '--type', 'review', '--process', 'sections', '--json')).pep
    odile.pep('write', plan, NOTES, 'Everybody is here.')
    odile.pep('sync')
    for (const person of [ottoline, lorcan, imelda, carys, idris]) person.pep('sync')
    await Promise.all(world.people.map((person) => world.enter(person, browser)))

    // Odile has the plan itself on her screen; it keeps itself up to date from here on.
    const overview = await tab(odile, `/pep/${plan}`)
    await shows(overview, 'Nobody else has this plan open now.')
    const [notes, helps] = [await sectionOf(odile, plan, NOTES), await sectionOf(ottoline, plan, HELPS)]
    const writers = [odile, ottoline, lorcan, imelda]
    const inNotes = []
    for (const person of writers) inNotes.push(await tab(person, notes))
    await Promise.all(inNotes.map((page) => live(page, NOTES)))
    const inHelps = [await tab(carys, helps), await tab(idris, helps)]
    await Promise.all(inHelps.map((page) => live(page, HELPS)))

    // Who comes last is told at once who is there; everybody is named on the plan, with role and place.
    await shows(inNotes[3], 'are here')
    await overview.bringToFront()
    for (const words of ['Ottoline Greaves-Penn, designated teacher is looking at', 'Lorcan Tidewell, virtual school officer is looking at', 'Carys Wexcombe, carer is looking at', 'Idris Fennimoor, young person is looking at'])
      await overview.waitForFunction((words) => document.getElementById('present').innerText.toLowerCase().includes(words.toLowerCase()), words)

    // All write at once: four in one answer, two in another.
    const wrote = ['Odile asks about the taxi. ', 'Ottoline shows the maths work. ', 'Lorcan asks for two more targets. ', 'Imelda speaks of the breaks. ']
    const keys = async (page, field, words) => { await caret(page, field, -1); await page.keyboard.type(words, { delay: 30 }) }
    const typing = [...inNotes.map((page, i) => keys(page, NOTES, wrote[i])), keys(inHelps[0], HELPS, 'A quiet kitchen. '), keys(inHelps[1], HELPS, 'My exit pass. ')]
    await shows(inNotes[0], 'writing here')
    if (pictures) {
      await inNotes[0].screenshot({ path: `${pictures}/six-section.png`, fullPage: true })
      await overview.screenshot({ path: `${pictures}/six-plan.png`, fullPage: true })
    }
    await Promise.all(typing)
    await Promise.all([...inNotes.map((page) => saved(page, NOTES)), ...inHelps.map((page) => saved(page, HELPS))])
    const helped = await same(inHelps, HELPS)
    const letters = (text) => [...text].sort().join('')
    const first = await same(inNotes, NOTES)
    assert.equal(letters(first), letters(`Everybody is here.${wrote.join('')}`), `a letter is lost or doubled: ${first}`)
    assert.equal(letters(helped), letters('A quiet kitchen. My exit pass. '))

    // In words at the question, at most two names; whoever leaves the box is still here, whoever closes the page is not.
    await inNotes[1].evaluate(() => document.activeElement.blur())
    for (const page of [inNotes[2], inNotes[3]]) await keys(page, NOTES, '!')
    const line = (page, id) => page.evaluate((id) => document.getElementById(id).innerText.trim(), id)
    await inNotes[0].waitForFunction((id) => document.getElementById(id).innerText.includes('Imelda Thackwray and Lorcan Tidewell are writing here'), `here-${NOTES}`)
    assert(!(await line(inNotes[0], `here-${NOTES}`)).includes('Ottoline'))
    await inNotes[2].close()
    await showsNot(inNotes[0], 'Lorcan Tidewell')
    await shows(inNotes[0], 'Imelda Thackwray is writing here')

    await saved(inNotes[3], NOTES)
    const said = await same([inNotes[0], inNotes[1], inNotes[3]], NOTES)
    assert.equal(letters(said), letters(`${first}!!`))

    // Everybody's device holds the same, also that of whoever only looked on.
    for (const person of world.people) {
      for (let i = 0; ; i++) {
        const answers = JSON.parse(person.pep('show', plan, '--json')).answers
        if (answers[NOTES] === said && answers[HELPS] === helped) break
        assert(i < 400, `${person.name} holds ${answers[NOTES]}`)
        await new Promise((resolve) => setTimeout(resolve, 50))
      }
    }
    assert.deepEqual(world.people.flatMap((person) => person.troubles), [])
    assert.equal(await text(inNotes[0], NOTES), said)
  } finally {
    await world.end()
  }
}

await alone(import.meta.url, six, 'The meeting of six: nothing to put right.')
