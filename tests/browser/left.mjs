// Leaving: a person leaves every kind of page in which something can be entered by every link of it, in the middle of typing, and finds
// all of it again. Somebody else answers meanwhile, and is not written over; a value that is none stays and keeps nothing else from being
// saved; a program that is killed loses nothing that was said to be kept. Called by run.mjs; by itself:
//
//   node left.mjs PEP [FOLDER for pictures]

import assert from 'node:assert/strict'
import { World, alone, live, opened, sectionOf, shows, tab } from './world.mjs'

const WIDTHS = [1280, 360, 320]

// What the page says of everything: never that all is saved while something is not.
const banner = (page) => page.locator('.pep-sync').innerText()
const quiet = (page) => page.waitForFunction(() => !document.getElementById('unsaved') || document.getElementById('unsaved').hidden)

// Every link of the page by its address, but for those that leave the program or save a file.
const ways = (page) => page.locator('a[href^="/"]:visible:not([download])').evaluateAll((all) => [...new Set(all.map((a) => a.getAttribute('href')).filter((href) => !href.startsWith('#')))])

export async function left(browser, program, pictures) {
  const world = await World.begin(program)
  try {
    const odile = world.person('Odile Marrowfield', 'social-worker')
    const ottoline = world.person('Ottoline Greaves-Penn', 'designated-teacher')
    const lorcan = world.person('Lorcan Tidewell', 'virtual-school-officer')
    const plan = JSON.parse(odile.pep('new', 'Idris Fennimoor', '--term', '2025/26-spring', '--type', 'review', '--process', 'ten-page', '--json')).pep
    odile.pep('sync')
    for (const person of [ottoline, lorcan]) person.pep('sync')
    const target = ottoline.pep('target', 'add', plan, 'category=academic', 'area=English', 'statement=I will write.')
    ottoline.pep('row', 'add', plan, 'attendance.terms', 'term=Autumn 2025', 'possible=110', 'attended=96')
    ottoline.pep('sync')
    for (const person of [odile, lorcan]) person.pep('sync')
    for (const person of world.people) await world.enter(person, browser)
    const answers = (person) => JSON.parse(person.pep('show', plan, '--json'))
    const picture = async (page, name) => {
      if (!pictures) return
      for (const width of WIDTHS) {
        await page.setViewportSize({ width, height: 900 })
        await page.screenshot({ path: `${pictures}/left-${name}-${width}.png`, fullPage: true })
      }
      await page.setViewportSize({ width: 1280, height: 900 })
    }

    // A section: its short text, its date, a choice and its prose, left by each of its links in the middle of the last word.
    const basics = await sectionOf(odile, plan, 'child.dob')
    const page = await tab(odile, basics)
    const hrefs = (await ways(page)).filter((href) => !/\/(sync|help|accessibility|about|settings)$/.test(href) || href === '/sync')
    assert(hrefs.length > 10, `${hrefs.length} ways off a section`)
    let n = 0
    for (const href of hrefs) {
      n += 1
      await page.goto(odile.served.base + basics)
      const [name, year] = [`Name ${n}`, String(2000 + (n % 20))]
      await page.fill('[id="child.legalName"]', name)
      await page.fill('[id="child.dob-day"]', '2')
      await page.fill('[id="child.dob-month"]', '11')
      await page.locator('[id="child.dob-year"]').fill(year)
      assert.match(await banner(page), /Not saved/)
      await Promise.all([page.waitForURL((url) => url.pathname !== basics || url.search), page.locator(`a[href="${href}"]:visible`).first().click()])
      await page.goto(odile.served.base + basics)
      assert.equal(await page.inputValue('[id="child.legalName"]'), name, `lost by ${href}`)
      assert.equal(await page.inputValue('[id="child.dob-year"]'), year, `lost by ${href}`)
    }
    const said = answers(odile).answers
    assert.equal(said['child.legalName'], `Name ${n}`)

    // Chosen, and gone at once: by the browser's own way back, by reloading, by closing.
    await page.goto(odile.served.base + `/pep/${plan}`)
    await page.goto(odile.served.base + basics)
    await page.locator('[name="child.sex"]').first().check()
    await page.goBack()
    await page.goto(odile.served.base + basics)
    assert(await page.locator('[name="child.sex"]').first().isChecked())
    await page.fill('[id="child.legalName"]', 'Reloaded')
    await page.reload()
    assert.equal(await page.inputValue('[id="child.legalName"]'), 'Reloaded')

    // 31 February: it stands in its field with its reason, all else is saved, and it is there again after everything was closed.
    await page.fill('[id="child.dob-day"]', '31')
    await page.fill('[id="child.dob-month"]', '2')
    await page.fill('[id="child.preferredName"]', 'Idris')
    await page.locator('[id="child.preferredName"]').blur()
    await shows(page, 'must be a real date')
    await page.waitForFunction(() => document.getElementById('unsaved')?.innerText === 'Not saved: 1 answer needs looking at.')
    await picture(page, 'wrong-date')
    await page.goto(odile.served.base + `/pep/${plan}`)
    assert.match(await banner(page), /Not saved: 1 answer needs looking at/)
    assert(!(await banner(page)).includes('Everything'))
    await odile.served.end('SIGKILL')
    odile.served = await opened(program, odile.home, Number(new URL(odile.served.base).port))
    await page.goto(odile.served.link.href)
    await page.goto(odile.served.base + basics)
    assert.equal(await page.inputValue('[id="child.dob-day"]'), '31')
    await shows(page, 'must be a real date')
    assert.equal(answers(odile).answers['child.preferredName'], 'Idris')
    await page.fill('[id="child.dob-day"]', '28')
    await page.locator('[id="child.dob-day"]').blur()
    await quiet(page)
    assert.match(answers(odile).answers['child.dob'], /-02-28$/)
    await page.goto(odile.served.base + '/sync')
    assert(!(await page.innerText('main')).includes('Not saved in a plan yet'))

    // Two windows: what one chose the other shows by itself; where both changed the same, the second is told and both are there.
    const [one, two] = [await tab(odile, basics), await tab(odile, basics)]
    await one.bringToFront()
    await one.locator('[name="child.sex"]').nth(1).check()
    await two.bringToFront()
    await two.waitForFunction(() => document.querySelectorAll('[name="child.sex"]')[1].checked)
    await two.locator('[id="child.legalName"]').focus()
    await two.keyboard.type(' x')
    await one.fill('[id="child.legalName"]', 'Idris Fennimoor')
    await one.locator('[id="child.legalName"]').blur()
    await quiet(one)
    await two.locator('[id="child.legalName"]').blur()
    await shows(two, 'was changed to “Idris Fennimoor” while you had this page open')
    assert.notEqual(await two.inputValue('[id="child.legalName"]'), 'Idris Fennimoor')
    assert.equal(answers(odile).answers['child.legalName'], 'Idris Fennimoor')
    await picture(two, 'changed-meanwhile')
    await two.getByRole('button', { name: 'Discard what I entered' }).click()
    await two.waitForFunction(() => document.getElementById('child.legalName').value === 'Idris Fennimoor')
    await quiet(two)
    await Promise.all([one.close(), two.close()])

    // A tick and then “Add a row”; half a row and then back; the row is kept as it was, and is added once it can be.
    const attendance = await sectionOf(ottoline, plan, 'attendance.terms')
    const rows = await tab(ottoline, `/pep/${plan}/table/attendance.terms/new`)
    await rows.fill('#possible', '120')
    await rows.fill('#attended', '99')
    await Promise.all([rows.waitForURL(`**${attendance}*`), rows.getByRole('link', { name: 'Back', exact: true }).click()])
    assert.match(await banner(rows), /Not saved: 1 answer needs looking at/)
    await rows.goto(ottoline.served.base + `/pep/${plan}/table/attendance.terms/new`)
    assert.equal(await rows.inputValue('#possible'), '120')
    await picture(rows, 'row-kept')
    await rows.fill('#term', 'Spring 2026')
    await Promise.all([rows.waitForURL(`**${attendance}*`), rows.getByRole('link', { name: 'Back', exact: true }).click()])
    await shows(rows, 'Spring 2026')
    assert.equal(answers(ottoline).answers['attendance.terms'].length, 2)
    await picture(rows, 'wide-table')
    // In place: a row is changed and another added where the table stands; a mistake is said there, and leaving loses nothing.
    const change = rows.getByRole('link', { name: /^Change\s*: Autumn 2025/ })
    assert(await change.evaluate((a) => { const at = a.getBoundingClientRect(); return at.right <= innerWidth && at.width > 0 }), 'the way to change a row is out of sight')
    await change.click()
    const open = rows.locator('.pep-in-place')
    await open.locator('#attended').fill('97')
    await picture(rows, 'row-in-place')
    await open.getByRole('button', { name: 'Save row' }).click()
    await open.waitFor({ state: 'detached' })
    await shows(rows, '97')
    await rows.getByRole('link', { name: /^Add a row/ }).first().click()
    await open.locator('#possible').fill('60')
    await open.getByRole('button', { name: 'Save row' }).click()
    await open.locator('.govuk-error-summary').waitFor()
    assert.equal(await open.locator('#possible').inputValue(), '60')
    await open.locator('#term').fill('Summer 2026')
    await open.getByRole('button', { name: 'Save row' }).click()
    await open.waitFor({ state: 'detached' })
    await shows(rows, 'Summer 2026')
    assert.equal(answers(ottoline).answers['attendance.terms'].length, 3)
    assert.equal(new URL(rows.url()).pathname, attendance)

    // A target that is begun: left with “Back”, it is there; its fields are saved as they are left.
    await rows.goto(ottoline.served.base + `/pep/${plan}/targets/new`)
    await rows.fill('#statement', 'By 22 May I will score 15 of 20 in a spelling test.')
    await Promise.all([rows.waitForURL(/\/targets$/), rows.getByRole('link', { name: 'Back to the targets' }).click()])
    await shows(rows, 'By 22 May I will score 15 of 20')
    assert.equal(answers(ottoline).targets.length, 2)
    await rows.goto(ottoline.served.base + `/pep/${plan}/targets/${target}`)
    for (const href of await ways(rows)) {
      await rows.goto(ottoline.served.base + `/pep/${plan}/targets/${target}`)
      n += 1
      await rows.fill('#measure', `A test ${n}`)
      await rows.locator(`a[href="${href}"]:visible`).first().click()
      // A row of the target opens in place.
      await rows.waitForFunction((at) => location.pathname !== at || document.querySelector('.pep-in-place'), `/pep/${plan}/targets/${target}`)
      await rows.goto(ottoline.served.base + `/pep/${plan}/targets/${target}`)
      assert.equal(await rows.inputValue('#measure'), `A test ${n}`, `lost by ${href}`)
    }

    // A withdrawn target that is looked at and left is withdrawn still.
    const extra = ottoline.pep('target', 'add', plan, 'category=academic', 'area=Maths', 'statement=I will count.')
    ottoline.pep('target', 'withdraw', plan, extra)
    await rows.goto(ottoline.served.base + `/pep/${plan}/targets/${extra}`)
    await quiet(rows)
    await Promise.all([rows.waitForURL(/\/targets$/), rows.getByRole('link', { name: 'Back to the targets' }).click()])
    await shows(rows, 'Withdrawn')

    // A comment that is not sent is not sent, and is there again.
    await rows.goto(ottoline.served.base + `/pep/${plan}/comments/progress.goingWell`)
    await rows.fill('#text', 'Ask his carer first.')
    await Promise.all([rows.waitForURL(/\/page\//), rows.getByRole('link', { name: 'Back to the question' }).click()])
    await rows.goto(ottoline.served.base + `/pep/${plan}/comments/progress.goingWell`)
    assert.equal(await rows.inputValue('#text'), 'Ask his carer first.')
    await Promise.all([rows.waitForURL(/saved=1/), rows.getByRole('button', { name: 'Save comment' }).click()])
    assert.equal(await rows.inputValue('#text'), '')

    // The quality check, and its link under the button.
    const check = await tab(lorcan, `/pep/${plan}/quality`)
    const grades = check.locator('.govuk-radios__input[name^="grade-"]')
    const areas = await grades.evaluateAll((all) => [...new Set(all.map((el) => el.name))])
    assert(areas.length > 3)
    for (const area of areas) await check.locator(`[name="${area}"]`).nth(1).check()
    await check.fill('[id="qa.feedback"]', 'Clear and kind.')
    await Promise.all([check.waitForURL(/send-back/), check.getByRole('link', { name: 'Send the plan back to somebody' }).click()])
    await check.fill('#what', 'Target 1 needs a measure')
    await Promise.all([check.waitForURL(/quality/), check.getByRole('link', { name: 'Back to the quality check' }).click()])
    for (const area of areas) assert(await check.locator(`[name="${area}"]`).nth(1).isChecked(), area)
    assert.equal(await check.inputValue('[id="qa.feedback"]'), 'Clear and kind.')
    await picture(check, 'quality')
    await check.goto(lorcan.served.base + `/pep/${plan}/send-back`)
    assert.equal(await check.inputValue('#what'), 'Target 1 needs a measure')

    // The meeting: an action that is begun, and a day that is chosen.
    const meeting = await tab(ottoline, `/pep/${plan}/meeting/live`)
    await meeting.locator('details.pep-fold', { hasText: 'Add an action' }).locator('summary').first().click()
    await meeting.getByText('Add an action', { exact: true }).click()
    await meeting.fill('#action', 'Ask for a quiet room')
    await Promise.all([meeting.waitForURL(new RegExp(`/pep/${plan}$`)), meeting.getByRole('link', { name: 'Back to the plan' }).click()])
    await meeting.goto(ottoline.served.base + `/pep/${plan}/meeting/live`)
    assert.equal(await meeting.inputValue('#action'), 'Ask for a quiet room')
    assert(await meeting.locator('#action').isVisible(), 'what is begun is folded away')

    // On from a section to the next that is one's own.
    await page.goto(odile.served.base + basics)
    await Promise.all([page.waitForURL(/saved=1/), page.getByRole('button', { name: /^Save and go on to/ }).click()])
    assert(new URL(page.url()).pathname.includes('/page/') && new URL(page.url()).pathname !== basics)

    // Without script every way off a form is its button.
    const plain = await browser.newContext({ javaScriptEnabled: false, locale: 'en-GB' })
    await plain.addCookies(await odile.context.cookies())
    const still = await plain.newPage()
    await still.goto(odile.served.base + basics)
    await still.fill('[id="child.legalName"]', 'Without a script')
    await still.fill('[id="child.dob-day"]', '31')
    await Promise.all([still.waitForURL(new RegExp(`/pep/${plan}$`)), still.getByRole('button', { name: 'Back to the plan', exact: true }).click()])
    assert.match(await still.locator('.pep-sync').innerText(), /Not saved: 1 answer needs looking at/)
    await still.goto(odile.served.base + basics)
    assert.equal(await still.inputValue('[id="child.legalName"]'), 'Without a script')
    assert.equal(await still.inputValue('[id="child.dob-day"]'), '31')
    // So is every link around the page.
    await still.fill('[id="child.legalName"]', 'By the menu')
    await Promise.all([still.waitForURL(/\/meetings$/), still.getByRole('button', { name: 'Meetings', exact: true }).click()])
    await still.goto(odile.served.base + basics)
    assert.equal(await still.inputValue('[id="child.legalName"]'), 'By the menu')
    await picture(still, 'without-script')
    await plain.close()

    for (const person of world.people) assert.deepEqual(person.troubles.filter((words) => !/status of 4/.test(words)), [], person.name)
  } finally {
    await world.end()
  }
}

await alone(import.meta.url, left, 'What was entered is there again, whichever way a page is left.')
