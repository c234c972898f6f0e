// The meeting of Idris, as three people hold it in three windows: who came, last term's targets, ideas that are agreed, money that
// is over, an action with an owner, the next date; the wall; a designated teacher who uses the keyboard alone; and two who choose
// apart while the line is cut. Called by run.mjs, with the demonstration as it begins.

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { caret, context as contextOf, live, same, saved, shows, showsNot } from './world.mjs'

const NAMES = { odile: 'Odile Marrowfield', ottoline: 'Ottoline Greaves-Penn', lorcan: 'Lorcan Tidewell' }
const WIDTHS = [1280, 360, 320]

// Opens one person's pages in a browser of their own.
async function window(browser, program, home, more = {}) {
  const link = new URL(execFileSync(program, ['--home', home, '--quiet', 'open', '--no-browser'], { encoding: 'utf8' }).trim())
  const context = await contextOf(browser, { bypassCSP: true, ...more })
  const page = await context.newPage()
  page.troubles = []
  page.on('pageerror', (error) => page.troubles.push(String(error)))
  await page.goto(link.href)
  return { context, page, base: link.origin }
}

// The story goes through all points at once: what is folded is opened as the page comes.
const unfolded = ({ page }) => page.addInitScript(() => addEventListener('DOMContentLoaded', () => document.querySelectorAll('details.pep-fold').forEach((fold) => { fold.open = true })))

// Presses Tab until the focus is on something that says these words; every stop on the way is to be seen.
async function tabTo(page, words) {
  for (let i = 0; i < 300; i++) {
    await page.keyboard.press('Tab')
    const stop = await page.evaluate(() => {
      const at = document.activeElement, box = at.getBoundingClientRect(), style = getComputedStyle(at)
      const label = at.labels && at.labels[0] ? at.labels[0].textContent : ''
      return { words: `${label} ${at.tagName === 'SELECT' ? '' : at.textContent}`.trim(), seen: box.width > 0 && (style.outlineStyle !== 'none' || style.boxShadow !== 'none' || at.type === 'checkbox' || at.type === 'radio') }
    })
    assert(stop.seen, `nothing shows where the focus is: ${stop.words.slice(0, 60)}`)
    if (stop.words.startsWith(words)) return
  }
  assert.fail(`Tab does not come to “${words}”`)
}

const go = (page, button) => Promise.all([page.waitForNavigation(), button.click()])

// Opens what is folded away and fills it in.
async function unfold(page, title, fields, button) {
  await page.locator('summary', { hasText: title }).first().click()
  for (const [id, text] of Object.entries(fields)) await page.fill(`[id="${id}"]`, text)
  await go(page, page.getByRole('button', { name: button }))
}

export async function meeting(browser, program, folder, plan, checked) {
  const here = `/pep/${plan}/meeting/live`
  const windows = {}
  const look = async ({ page }, name) => {
    for (const width of WIDTHS) {
      await page.setViewportSize({ width, height: 900 })
      await checked(page, name, width)
    }
    await page.setViewportSize({ width: 1280, height: 900 })
  }
  for (const who of Object.keys(NAMES)) {
    windows[who] = await window(browser, program, `${folder}/${who}`)
    await unfolded(windows[who])
    await windows[who].page.goto(windows[who].base + here)
  }
  const { odile, ottoline, lorcan } = windows
  try {
    await table(browser, program, folder, here, checked)
    // The agenda by the clock, and everything on one page.
    assert(await odile.page.locator('[aria-current=step]').count(), 'nothing says where the meeting is now')
    await look(odile, 'meeting-live-social-worker')
    await look(ottoline, 'meeting-live')

    // Who came: ticked in one window, seen in the others, which are not loaded again.
    await odile.page.locator('summary', { hasText: 'Tick who came' }).click()
    await odile.page.getByLabel('Carys Wexcombe').check()
    await odile.page.getByLabel(NAMES.lorcan).check()
    await go(odile.page, odile.page.getByRole('button', { name: 'Save who came' }))
    await shows(ottoline.page, 'Lorcan Tidewell, Virtual School officer: Here')
    assert.equal(await odile.page.evaluate(() => document.activeElement.className.includes('notification-banner')), true)
    await go(ottoline.page, ottoline.page.getByRole('button', { name: 'I take the notes' }))

    // Last term's targets.
    const word = await ottoline.page.locator('input[name=target]').first().inputValue()
    await ottoline.page.locator('summary', { hasText: 'Review it' }).first().click()
    await ottoline.page.getByLabel('Partly').first().check()
    await ottoline.page.getByLabel('Carry forward').first().check()
    await unfoldless(ottoline.page, { [`evidence~${word}`]: '3 paragraphs, 2 of 3 times', [`fundingImpact~${word}`]: 'From two paragraphs to three' }, 'Save review')
    await shows(lorcan.page, 'Partly: 3 paragraphs, 2 of 3 times')

    // Ideas become targets with one button, and the money moves on all three screens.
    await shows(ottoline.page, 'Agreed, it would add £304: £216 would be left.')
    for (const left of ['£216 left of the £520', '£96 left of the £520', '£24 over the £520']) {
      await go(ottoline.page, ottoline.page.getByRole('button', { name: /^Agree this target/ }).first())
      for (const { page } of [odile, ottoline, lorcan]) await shows(page, left)
    }
    await shows(odile.page, 'Nobody has said why yet')
    await look(ottoline, 'meeting-over')

    // Another idea, from the page; and a form that lacks something.
    await unfold(ottoline.page, 'Add an idea', { area: 'Kitchens' }, 'Add as an idea')
    assert((await ottoline.page.title()).startsWith('Error: ') && (await ottoline.page.inputValue('#area')) === 'Kitchens')
    assert.equal(await ottoline.page.evaluate(() => document.activeElement.className), 'govuk-error-summary')
    await look(ottoline, 'meeting-error')
    await ottoline.page.fill('#statement', 'By 22 May I will cook for twelve')
    await go(ottoline.page, ottoline.page.getByRole('button', { name: 'Add as an idea' }))
    await shows(lorcan.page, 'By 22 May I will cook for twelve')

    // With the keyboard alone: to the action, its owner and its day.
    await ottoline.page.goto(ottoline.base + here)
    const keys = ottoline.page.keyboard
    await tabTo(ottoline.page, 'Add an action')
    await keys.press('Enter')
    await tabTo(ottoline.page, 'Action')
    await keys.type('Ask for a quiet room for the tests')
    await tabTo(ottoline.page, 'Who does it')
    await keys.type('Carys')
    await tabTo(ottoline.page, 'Day')
    await keys.type('5')
    await keys.press('Tab')
    await keys.type('3')
    await keys.press('Tab')
    await keys.type('2027')
    await tabTo(ottoline.page, 'Save action')
    await Promise.all([ottoline.page.waitForNavigation(), keys.press('Space')])
    assert.equal(await ottoline.page.evaluate(() => document.activeElement.className.includes('notification-banner')), true)
    for (const { page } of [odile, lorcan]) await shows(page, 'Ask for a quiet room for the tests: Carys Wexcombe, by 5 March 2027. Open.')
    // On from there to the row, and back to the meeting.
    await tabTo(ottoline.page, 'Change: Ask for a quiet room')
    await Promise.all([ottoline.page.waitForNavigation(), keys.press('Enter')])
    await ottoline.page.fill('#outcome', 'Room 4 is free')
    await go(ottoline.page, ottoline.page.getByRole('button', { name: 'Save row' }))
    assert.equal(new URL(ottoline.page.url()).pathname, here)

    // The notes, two at once.
    await Promise.all([odile, ottoline].map(({ page }) => live(page, 'meeting.notes')))
    await caret(odile.page, 'meeting.notes', -1)
    await Promise.all([odile.page.keyboard.type('Idris joined for the second half. ', { delay: 8 }), caret(ottoline.page, 'meeting.notes', 0).then(() => ottoline.page.keyboard.type('All agreed three targets. ', { delay: 8 }))])
    await Promise.all([odile, ottoline].map(({ page }) => saved(page, 'meeting.notes')))
    const notes = await same([odile.page, ottoline.page], 'meeting.notes')
    assert(notes.includes('Idris joined for the second half.') && notes.includes('All agreed three targets.'), notes)

    // The next date, as worked out.
    await odile.page.goto(odile.base + here)
    await go(odile.page, odile.page.getByRole('button', { name: /^Agree \d/ }))
    await showsNot(lorcan.page, 'worked out and not agreed yet')

    await tuition(ottoline, lorcan, odile, plan, look)
    await wall(lorcan, plan, look)
    await scriptless(browser, program, folder, here)

    // It is over.
    await ottoline.page.goto(ottoline.base + here)
    await ottoline.page.getByLabel('Part', { exact: true }).last().check()
    await go(ottoline.page, ottoline.page.getByRole('button', { name: 'Say that it has been held' }))
    await shows(odile.page, 'The meeting has been held.')
    await look(ottoline, 'meeting-held')
    for (const { page } of Object.values(windows)) assert.deepEqual(page.troubles, [])
  } finally {
    await Promise.all(Object.values(windows).map(({ context }) => context.close()))
  }
}

// One person at the table: what is under discussion is open, the notes are beside it, and the next point is one key away.
async function table(browser, program, folder, here, checked) {
  const odile = await window(browser, program, `${folder}/odile`)
  const { page } = odile
  const seen = (selector) => page.evaluate((selector) => {
    const box = document.querySelector(selector).getBoundingClientRect()
    return box.top >= 0 && box.top < innerHeight - 40 && box.width > 0
  }, selector)
  const now = () => page.locator('.pep-stop--now > h2').innerText()
  const press = (key) => Promise.all([page.waitForNavigation(), page.keyboard.press(key)])
  try {
    for (const width of WIDTHS) {
      await page.setViewportSize({ width, height: 800 })
      await page.goto(odile.base + here)
      await checked(page, 'meeting-table', width)
      assert.equal(await page.locator('details.pep-fold[open]').count(), 0)
      if (width < 800) await page.getByRole('link', { name: 'Notes', exact: true }).click()
      assert(await seen('[id="meeting.notes"]'), `the notes are out of sight at ${width}`)
    }
    await page.setViewportSize({ width: 1280, height: 800 })
    await page.goto(`${odile.base}${here}?point=1`)
    assert((await now()).startsWith('1. '))
    // Also in the middle of the notes, which are saved first; no letter is a key.
    await live(page, 'meeting.notes')
    await caret(page, 'meeting.notes', -1)
    await page.keyboard.type('Next, n, N: we go on. ')
    await press('F8')
    assert((await now()).startsWith('2. '))
    assert((await page.inputValue('[id="meeting.notes"]')).includes('Next, n, N: we go on. '))
    await press('Shift+F8')
    assert((await now()).startsWith('1. '))
    assert.deepEqual(page.troubles, [])
  } finally {
    await odile.context.close()
  }
}

async function unfoldless(page, fields, button) {
  for (const [id, text] of Object.entries(fields)) if (await page.locator(`[id="${id}"]`).count()) await page.fill(`[id="${id}"]`, text)
  await go(page, page.getByRole('button', { name: button }).first())
}

// Two choose apart while the line is cut; afterwards both see both, and one decides.
async function tuition(ottoline, lorcan, odile, plan, look) {
  const line = async ({ page, base }, button) => {
    await page.goto(`${base}/sync`)
    await go(page, page.getByRole('button', { name: button }))
  }
  for (const one of [ottoline, lorcan]) await line(one, 'Work offline')
  await look(ottoline, 'sync-offline')
  for (const [one, choice] of [[ottoline, 'school_claims'], [lorcan, 'vs_retains']]) {
    await one.page.goto(`${one.base}/pep/${plan}/meeting/live`)
    await shows(one.page, 'You are working offline.')
    await Promise.all([one.page.waitForNavigation(), one.page.getByRole('link', { name: '1:1 tuition', exact: true }).first().click()])
    await one.page.check(`input[name="funding.tuition"][value=${choice}]`)
    await go(one.page, one.page.getByRole('button', { name: 'Save and go back to the meeting' }))
    assert.equal(new URL(one.page.url()).pathname, `/pep/${plan}/meeting/live`)
  }
  for (const one of [ottoline, lorcan]) await line(one, 'Go online')
  for (const one of [ottoline, lorcan]) {
    await one.page.goto(`${one.base}/pep/${plan}/meeting/live`)
    await shows(one.page, '1:1 tuition: there are two answers')
  }
  await look(ottoline, 'meeting-two-answers')
  await Promise.all([ottoline.page.waitForNavigation(), ottoline.page.locator('[id="funding-now"]').getByRole('link', { name: 'Choose which is right' }).click()])
  await look(ottoline, 'meeting-choose')
  await ottoline.page.getByLabel(/Virtual School/).first().check()
  await go(ottoline.page, ottoline.page.getByRole('button', { name: 'Use this answer' }))
  assert.equal(new URL(ottoline.page.url()).pathname, `/pep/${plan}/meeting/live`)
  for (const one of [odile, lorcan]) await showsNot(one.page, 'there are two answers')
}

// What is shown in the room.
async function wall(lorcan, plan, look) {
  const { page, base } = lorcan
  await page.goto(`${base}/pep/${plan}/meeting/wall?point=1`)
  for (let point = 1; ; point++) {
    const words = await page.innerText('main')
    for (const private_ of ['01632', '@harrowmere', 'meet.harrowmere', 'Imelda', 'Tobias Wexcombe']) assert(!words.includes(private_), `point ${point}: ${private_}`)
    const size = await page.evaluate(() => parseFloat(getComputedStyle(document.body).fontSize))
    assert(size >= 24, `${size} px is small for a wall`)
    await look(lorcan, `wall-${point}`)
    const next = page.getByRole('link', { name: 'Next' })
    if (!(await next.count())) {
      assert(point > 7, `${point} points`)
      break
    }
    await Promise.all([page.waitForNavigation(), next.click()])
  }
  await page.emulateMedia({ forcedColors: 'active' })
  await look(lorcan, 'wall-contrast')
  await page.emulateMedia({ forcedColors: 'none' })
  await page.goto(`${base}/pep/${plan}/meeting/live`)
}

// Without the script: what others changed comes with “Refresh”, and every form works.
async function scriptless(browser, program, folder, here) {
  const odile = await window(browser, program, `${folder}/odile`, { javaScriptEnabled: false })
  try {
    await odile.page.goto(odile.base + here)
    await odile.page.locator('details.pep-fold', { hasText: 'Add an action' }).locator('summary').first().click()
    await odile.page.locator('summary', { hasText: 'Add an action' }).last().click()
    await odile.page.fill('#action', 'Ring the bus office')
    await odile.page.selectOption('#person', NAMES.odile)
    await go(odile.page, odile.page.getByRole('button', { name: 'Save action' }))
    assert(await odile.page.getByText('Saved on this device').first().isVisible())
    await go(odile.page, odile.page.getByRole('button', { name: /^Done.*Ring the bus office/ }))
    await Promise.all([odile.page.waitForNavigation(), odile.page.getByRole('link', { name: 'Refresh', exact: true }).click()])
    assert((await odile.page.locator('#actions-now').textContent()).includes('Ring the bus office: Odile Marrowfield, no day. Done.'))
  } finally {
    await odile.context.close()
  }
}
