// A designated teacher leaves her desk: every tab hides what it shows, by itself, and gives it back with the passphrase, with what
// she had typed. Called by run.mjs; by itself:
//
//   node locked.mjs PEP [FOLDER for pictures]

import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { World, alone, box, live, saved, sectionOf, tab, text } from './world.mjs'

const axe = readFileSync(new URL('node_modules/axe-core/axe.min.js', import.meta.url), 'utf8')
const rules = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']
const RIGHT = 'copper kettle Thursday'
const WRONG = 'copper kettle Friday'

async function looked(page, name, pictures) {
  for (const width of [1280, 360, 320]) {
    await page.setViewportSize({ width, height: 900 })
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)
    assert(overflow <= 0, `${name}: ${overflow} px too wide at ${width}`)
    const found = await page.evaluate(async ({ axe, rules }) => {
      new Function(axe).call(window)
      return (await window.axe.run(document, { runOnly: rules })).violations.map((v) => `${v.id}: ${v.nodes[0].html.slice(0, 200)}`)
    }, { axe, rules })
    assert.deepEqual(found, [], name)
    if (pictures) await page.screenshot({ path: join(pictures, `locked-${name}-${width}.png`), fullPage: true })
  }
  await page.setViewportSize({ width: 1280, height: 900 })
}

// All that can be read, heard or seen.
const seen = (page) => page.evaluate(() => `${document.title}\n${document.body.innerText}`)
const hides = (page) => page.waitForFunction(() => document.querySelector('.pep-lock [type=password]'))
const gives = (page) => page.waitForFunction(() => !document.body.classList.contains('pep-locked'))

async function enter(page, passphrase) {
  await page.getByLabel('Passphrase').fill(passphrase)
  await page.getByRole('button', { name: 'Unlock' }).click()
}

export async function locked(browser, program, pictures) {
  const world = await World.begin(program)
  try {
    const ottoline = world.person('Ottoline Greaves-Penn', 'designated-teacher')
    const plan = JSON.parse(ottoline.pep('new', world.child, '--term', '2025/26-spring', '--type', 'review', '--process', 'sections', '--json')).pep
    await world.enter(ottoline, browser)
    const file = join(world.dir, 'passphrase')
    writeFileSync(file, RIGHT)
    ottoline.pep('passphrase', 'set', '--new-passphrase-file', file)
    const field = 'progress.goingWell'
    const section = await sectionOf(ottoline, plan, field)
    const [writing, tasks, row] = await Promise.all([
      tab(ottoline, section), tab(ottoline, `/pep/${plan}`), tab(ottoline, `/pep/${plan}/table/progress.achievements/new`)])
    await live(writing, field)
    await box(writing, field).pressSequentially('Maths, and maps.')
    await saved(writing, field)
    // This one is no live box: what is typed there is on no disk until it is sent.
    const what = row.locator('main input[type=text]').first()
    await what.fill('She read to the class')

    const settings = await tab(ottoline, '/settings')
    await settings.evaluate(() => document.querySelector('form[action="/lock"]').scrollIntoView())
    if (pictures) await settings.screenshot({ path: join(pictures, 'locked-settings.png'), fullPage: true })
    await settings.getByRole('button', { name: 'Lock now' }).click()
    await Promise.all([writing, tasks, row].map(hides))
    for (const page of [writing, tasks, row, settings]) {
      const words = await seen(page)
      assert(words.includes('These pages are locked') && !/Idris|Maths|class|Ottoline/.test(words), words)
    }
    assert.equal(await writing.evaluate(() => document.activeElement.id), 'passphrase')
    await looked(writing, 'tab', pictures)
    await looked(settings, 'page', pictures)
    await enter(writing, WRONG)
    await writing.waitForFunction(() => document.querySelector('.pep-lock .govuk-error-summary'))
    assert((await seen(writing)).includes('That is not your passphrase'))
    await looked(writing, 'wrong', pictures)
    await enter(writing, RIGHT)
    // All of them come back, each with what was typed.
    await Promise.all([writing, tasks, row].map(gives))
    assert.equal(await text(writing, field), 'Maths, and maps.')
    assert.equal(await what.inputValue(), 'She read to the class')
    assert((await seen(tasks)).includes('Idris'))
    await live(writing, field)
    await box(writing, field).press('End')
    await box(writing, field).pressSequentially(' And art.')
    await saved(writing, field)
    await Promise.all([row.waitForNavigation(), row.getByRole('button', { name: /^Save/ }).first().click()])
    const shown = JSON.parse(ottoline.pep('show', plan, '--json')).answers
    assert(JSON.stringify(shown).includes('Maths, and maps. And art.') && JSON.stringify(shown).includes('She read to the class'))

    // Without script: what was sent waits in the page.
    const plain = await (await browser.newContext({ javaScriptEnabled: false, storageState: await ottoline.context.storageState() })).newPage()
    await plain.goto(ottoline.served.base + section)
    await box(plain, field).fill('Written without script.')
    await Promise.all([settings.waitForNavigation(), settings.goto(ottoline.served.base + '/settings')])
    await settings.getByRole('button', { name: 'Lock now' }).click()
    await plain.getByRole('button', { name: 'Save and stay here' }).click()
    assert((await plain.locator('main').innerText()).includes('has not been saved yet'))
    if (pictures) await plain.screenshot({ path: join(pictures, 'locked-waits.png'), fullPage: true })
    await enter(plain, WRONG)
    await plain.getByText('There is a problem').waitFor()
    await enter(plain, RIGHT)
    await box(plain, field).waitFor()
    assert.equal(await text(plain, field), 'Written without script.')
    await plain.context().close()
    assert.deepEqual(ottoline.troubles.filter((words) => !words.includes('status of 403')), [])
    console.log('Locked pages: nothing to put right.')
  } finally {
    await world.end()
  }
}

await alone(import.meta.url, locked)
