// What was typed is never lost: a right that ends while somebody types, two windows of one person, a very long paste, a splice out
// of range, going back after a save, a target that two people write in. Called by run.mjs; by itself:
//
//   node kept.mjs PEP

import assert from 'node:assert/strict'
import { World, alone, box, caret, live, same, saved, sectionOf, shows, tab, text } from './world.mjs'

const NOTES = 'meeting.notes'

export async function kept(browser, program, pictures) {
  const world = await World.begin(program)
  try {
    const odile = world.person('Odile Marrowfield', 'social-worker')
    const ottoline = world.person('Ottoline Greaves-Penn', 'designated-teacher')
    const plan = JSON.parse(odile.pep('new', 'Idris Fennimoor', '--term', '2025/26-spring', '--type', 'review', '--process', 'sections', '--json')).pep
    odile.pep('sync')
    ottoline.pep('sync')
    const target = ottoline.pep('target', 'add', plan, 'category=academic', 'area=English', 'statement=I will write.')
    ottoline.pep('sync')
    odile.pep('sync')
    for (const person of [odile, ottoline]) await world.enter(person, browser)
    const notes = await sectionOf(odile, plan, NOTES)

    // Two windows of one person, and going back to a page that was saved.
    const [one, two] = [await tab(odile, notes), await tab(odile, notes)]
    await Promise.all([live(one, NOTES), live(two, NOTES)])
    await Promise.all([caret(one, NOTES, 0), caret(two, NOTES, 0)])
    await Promise.all([one.keyboard.type('aaaaaaaaaaaaaaaaaaaa', { delay: 15 }), two.keyboard.type('bbbbbbbbbbbbbbbbbbbb', { delay: 15 })])
    await Promise.all([saved(one, NOTES), saved(two, NOTES)])
    const both = await same([one, two], NOTES)
    assert.equal([...both].sort().join(''), 'a'.repeat(20) + 'b'.repeat(20))
    await Promise.all([one.waitForURL(/saved=1/), one.getByRole('button', { name: 'Save and go back to the plan' }).click()])
    await one.goBack()
    await live(one, NOTES)
    assert.equal(await same([one, two], NOTES), both)

    // A splice out of range, from a page that has gone wrong: the text is sent anew and what was typed goes on top.
    await one.evaluate((f) => {
      const el = document.getElementById(f)
      el.setRangeText('!', el.value.length, el.value.length, 'end')
      const send = WebSocket.prototype.send
      WebSocket.prototype.send = function (m) {
        WebSocket.prototype.send = send
        const said = JSON.parse(m)
        send.call(this, JSON.stringify(said.t === 'edit' ? { ...said, d: [[99999, 5, 'x']] } : said))
      }
      el.dispatchEvent(new InputEvent('input', { inputType: 'insertText', bubbles: true }))
    }, NOTES)
    await saved(one, NOTES)
    assert.equal(await same([one, two], NOTES), `${both}!`)

    // 150 KB pasted arrive whole; what is longer than an answer may be says by how much, and is saved once it is shorter.
    const long = 'A line of a long report, pasted. 🙂\n'.repeat(4_500)
    await two.evaluate(({ f, long }) => {
      const el = document.getElementById(f)
      el.focus()
      el.setRangeText(long, el.value.length, el.value.length, 'end')
      el.dispatchEvent(new InputEvent('input', { inputType: 'insertFromPaste', bubbles: true }))
    }, { f: NOTES, long })
    await saved(two, NOTES)
    assert.equal(await same([one, two], NOTES), `${both}!${long}`)
    await two.evaluate(({ f, more }) => {
      const el = document.getElementById(f)
      el.setRangeText(more, el.value.length, el.value.length, 'end')
      el.dispatchEvent(new InputEvent('input', { inputType: 'insertFromPaste', bubbles: true }))
    }, { f: NOTES, more: 'x'.repeat(256 * 1024) })
    await shows(two, 'This is too long: take away')
    await two.evaluate(({ f, whole }) => {
      const el = document.getElementById(f)
      el.value = whole
      el.dispatchEvent(new InputEvent('input', { inputType: 'deleteContentBackward', bubbles: true }))
    }, { f: NOTES, whole: 'Short again.' })
    await saved(two, NOTES)
    assert.equal(await same([one, two], NOTES), 'Short again.')

    // Two people in one target.
    const statement = `targets.list/${target}/statement`
    const page = await tab(ottoline, `/pep/${plan}/targets/${target}`)
    const again = await tab(ottoline, `/pep/${plan}/targets/${target}`)
    for (const one of [page, again]) await one.waitForFunction(() => document.getElementById('live-pause'))
    const field = (page) => page.locator('#statement')
    await field(page).evaluate((el) => { el.focus(); el.setSelectionRange(el.value.length, el.value.length) })
    await page.keyboard.type(' Twice a week.')
    await again.waitForFunction(() => document.getElementById('statement').value === 'I will write. Twice a week.')
    await page.waitForFunction((f) => /^(Saved|Shared)/.test(document.getElementById(`saved-${f}`).textContent), statement)
    await Promise.all([page.waitForURL(/saved=1/), page.getByRole('button', { name: 'Save target' }).click()])
    assert.equal(JSON.parse(ottoline.pep('show', plan, '--json')).targets[0].statement, 'I will write. Twice a week.')

    // A question that is not asked any more, by an answer given elsewhere: the words go in as a comment, in another tab.
    const IMPACT = 'care.plannedMoveImpact'
    odile.pep('set', plan, 'care.plannedMove', 'yes')
    const moving = await tab(odile, await sectionOf(odile, plan, IMPACT))
    await live(moving, IMPACT)
    await caret(moving, IMPACT, -1)
    await moving.keyboard.type('He would change buses.')
    await saved(moving, IMPACT)
    odile.pep('set', plan, 'care.plannedMove', 'no')
    await moving.waitForFunction((f) => document.getElementById(`saved-${f}`).textContent.includes('not asked any more'), IMPACT)
    await moving.keyboard.type(' Or not.')
    await shows(moving, 'Your text is kept here until you close this page.')
    const [comments] = await Promise.all([moving.waitForEvent('popup'), moving.getByRole('button', { name: 'Put it in as a comment' }).click()])
    await shows(comments, 'Your comment')
    assert.equal(await comments.inputValue('[name=text]'), 'He would change buses. Or not.')
    await comments.getByRole('button', { name: 'Save comment' }).click()
    await shows(comments, 'Your comment is saved on this device')
    assert.equal(await text(moving, IMPACT), 'He would change buses. Or not.')
    if (pictures) await moving.screenshot({ path: `${pictures}/not-asked.png`, fullPage: true })

    // Odile's case goes to somebody else while she types: the text is kept on the page, and she is told who can help.
    await live(one, NOTES)
    world.relay('teams', 'end', 'Idris Fennimoor', 'Odile Marrowfield', '--on', '2026-01-01')
    await caret(one, NOTES, -1)
    await one.keyboard.type(' What she typed when it ended.', { delay: 30 })
    await shows(one, 'Your text is kept here until you close this page.')
    assert((await text(one, NOTES)).includes('What she typed when it ended.'))
    assert((await one.innerText(`[id="saved-${NOTES}"]`)).startsWith('Not saved. '))
    // She has no part in the plan any more: nothing to comment on.
    assert.equal(await one.getByRole('button', { name: 'Put it in as a comment' }).count(), 0)
    await odile.context.grantPermissions(['clipboard-read', 'clipboard-write'])
    await one.getByRole('button', { name: 'Copy this text' }).click()
    await shows(one, 'Copied.')
    assert.equal(await one.evaluate(() => navigator.clipboard.readText()), await text(one, NOTES))
    await box(one, NOTES).scrollIntoViewIfNeeded()
    if (pictures) await one.screenshot({ path: `${pictures}/right-lost.png` })
    assert.deepEqual(world.people.flatMap((person) => person.troubles).filter((words) => !/403/.test(words)), [])
  } finally {
    await world.end()
  }
}

await alone(import.meta.url, kept, 'What was typed is kept: nothing to put right.')
