// Drives the pages of `pep` in a browser, on a home that `pep demo` makes, and looks for what nobody sees in markup: rules of
// accessibility, pages wider than a phone, focus that goes nowhere, colours that a system replaces.
//
//   node run.mjs PEP                 PEP is the program; exit code 0 where everything is as it should be
//   node run.mjs PEP --screenshots   also keeps a picture of every page at every width in `screenshots`

import assert from 'node:assert/strict'
import { execFile, execFileSync, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { chromium } from 'playwright-core'
import { child } from './child.mjs'
import { killed, together } from './live.mjs'
import { locked } from './locked.mjs'
import { meeting } from './meeting.mjs'
import { six } from './six.mjs'

const [program, ...flags] = process.argv.slice(2)
assert(program, 'Name the program: node run.mjs PEP')
const pictures = flags.includes('--screenshots') && fileURLToPath(new URL('screenshots', import.meta.url))
const axe = readFileSync(new URL('node_modules/axe-core/axe.min.js', import.meta.url), 'utf8')
const rules = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']
const widths = [1280, 360, 320]

// What is to be put right; all of it is looked for before it is said.
const faults = new Set()

const work = mkdtempSync(join(tmpdir(), 'pep-browser-'))
const pep = (who, ...words) => execFileSync(program, ['--home', join(work, 'demo', who), '--quiet', ...words], { encoding: 'utf8' }).trim()

function demo() {
  const process = spawn(program, ['demo', '--dir', join(work, 'demo')], { stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = new Promise((resolve) => process.on('exit', resolve))
  const ready = new Promise((resolve, reject) => {
    let said = ''
    process.stdout.on('data', (piece) => (said += piece).includes('ends the demonstration') && resolve())
    process.on('exit', () => reject(new Error(`The demonstration ended: ${said}`)))
  })
  return { ready, end: () => (process.kill('SIGINT'), ended) }
}

// What makes the pages hold one of everything.
function fill(plan) {
  const dt = (...words) => pep('ottoline', ...words)
  pep('odile', 'set', plan, 'child.preferredName', 'Idris F')
  dt('set', plan, 'setting.yearGroup', '10')
  dt('row', 'add', plan, 'attendance.terms', 'term=Autumn 2025', 'possible=148', 'attended=121')
  const gone = dt('row', 'add', plan, 'attendance.terms', 'term=Summer 2025', 'possible=140', 'attended=99')
  dt('row', 'withdraw', plan, 'attendance.terms', gone)
  pep('odile', 'meeting', plan, '--date', '2025-02-26', '--time', '15:15', '--place', 'Larkrise Primary School', '--invite', 'Carys Wexcombe=carer', '--copy', 'Carys Wexcombe=full')
  pep('odile', 'meeting', plan, '--action', 'Ask for a quiet room for the tests', '--who', 'Ottoline Greaves-Penn', '--by', '2025-03-05')
  dt('comment', plan, 'care.story', 'May I quote this in the meeting?')
  dt('write', plan, 'voice.secWell', 'Cooking, and the new maths teacher.')
  const target = JSON.parse(dt('show', plan, '--json')).targets[0].key
  const fund = dt('target', 'fund', plan, target, 'item=tuition', 'unitCost=38.00', 'quantity=8', 'payTo=retained_by_vs')
  assert(fund)
  const extra = dt('target', 'add', plan, 'category=emotional_wellbeing', 'area=Sleep', 'statement=By May I will sleep through the week')
  dt('target', 'withdraw', plan, extra)
  return target
}

// Two people answer one question at the same moment, until neither has heard of the other's answer.
async function disagree(plan) {
  const set = (who, day) =>
    promisify(execFile)(program, ['--home', join(work, 'demo', who), '--quiet', 'set', plan, 'meeting.nextDate', day])
  for (let day = 1; day < 28; day++) {
    const date = (month) => `2026-${month}-${String(day).padStart(2, '0')}`
    await Promise.all([set('odile', date('06')), set('ottoline', date('07'))])
    pep('odile', 'sync')
    pep('ottoline', 'sync')
    if (JSON.parse(pep('ottoline', 'conflicts', plan, '--json')).length > 0) return
  }
  assert.fail('One always heard of the other in time.')
}

async function checked(page, name, width) {
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)
  if (overflow > 0) faults.add(`${name}: ${overflow} px too wide at ${width}`)
  // The page's own rule lets no script in; this one comes from outside it.
  const found = await page.evaluate(
    async ({ axe, rules }) => {
      new Function(axe).call(window)
      return (await window.axe.run(document, { runOnly: rules })).violations
    },
    { axe, rules }
  )
  for (const { id, help, nodes } of found) {
    faults.add(`${name}: ${id}, ${help}\n    ${nodes.slice(0, 3).map((node) => node.html.slice(0, 200)).join('\n    ')}`)
  }
  if (pictures) await page.screenshot({ path: join(pictures, `${name}-${width}.png`), fullPage: true })
}

async function walk(context, base, routes) {
  const page = await context.newPage()
  const troubles = []
  page.on('console', (message) => message.type() === 'error' && troubles.push(message.text()))
  page.on('request', (request) => request.url().startsWith(base) || troubles.push(`asked for ${request.url()}`))
  for (const [name, path, status = 200] of routes) {
    for (const width of widths) {
      await page.setViewportSize({ width, height: 900 })
      const response = await page.goto(base + path)
      assert.equal(response.status(), status, `${name} ${path}: ${await page.innerText('main')}`)
      await checked(page, name, width)
    }
  }
  assert.deepEqual(troubles.filter((words) => !words.includes('status of 4')), [])
  await page.close()
}

// With Tab, Space, arrows and Enter alone: every stop is to be seen, and what is typed is saved.
async function keyboard(context, base, path) {
  const page = await context.newPage()
  await page.goto(base + path)
  const stops = []
  const focus = () =>
    page.evaluate(() => {
      const at = document.activeElement
      const box = at.getBoundingClientRect()
      const style = getComputedStyle(at)
      const seen = box.width > 0 && box.height > 0 && (style.outlineStyle !== 'none' || style.boxShadow !== 'none' || at.className.includes('radios__input') || at.className.includes('checkboxes__input'))
      return { tag: at.tagName, id: at.id, text: (at.textContent || at.value || '').trim().slice(0, 40), seen }
    })
  let typed = false
  for (let i = 0; i < 400; i++) {
    await page.keyboard.press('Tab')
    const stop = await focus()
    if (stop.tag === 'BODY') break
    stops.push(stop)
    assert(stop.seen, `nothing shows where the focus is: ${JSON.stringify(stop)}`)
    if (stop.tag === 'TEXTAREA' && !typed) {
      await page.keyboard.type('Typed with the keyboard alone. ')
      typed = true
    }
    if (stop.tag === 'BUTTON' && stop.text === 'Save and stay here') {
      await Promise.all([page.waitForNavigation(), page.keyboard.press('Enter')])
      break
    }
  }
  assert.equal(stops[0].text, 'Skip to main content')
  assert(typed && (await page.getByText('Saved on this device').first().isVisible()), `the form could not be sent; stops: ${stops.length}`)
  const text = await page.locator('textarea').first().inputValue()
  assert(text.includes('Typed with the keyboard alone.'))
  assert.equal(await page.evaluate(() => document.activeElement.className.includes('notification-banner')), true)
  await page.close()
}

// A mistake: the summary has the focus, leads to the field, and what was typed is there still.
async function mistake(context, base, plan) {
  const page = await context.newPage()
  for (const width of widths) {
    await page.setViewportSize({ width, height: 900 })
    await page.goto(`${base}/pep/${plan}/targets/new`)
    await page.fill('#area', 'Ratio')
    await page.fill('#dueDate-day', '31')
    await page.fill('#dueDate-month', '2')
    await page.fill('#dueDate-year', '2026')
    await page.getByRole('button', { name: 'Save target' }).click()
    assert((await page.title()).startsWith('Error: '))
    assert.equal(await page.evaluate(() => document.activeElement.className), 'govuk-error-summary')
    assert.equal(await page.inputValue('#area'), 'Ratio')
    await checked(page, 'target-error', width)
    await page.locator('.govuk-error-summary a').first().click()
    assert.equal(await page.evaluate(() => document.activeElement.id), 'dueDate-day')
  }
  await page.close()
}

async function highContrast(context, base, paths) {
  const page = await context.newPage()
  await page.emulateMedia({ forcedColors: 'active' })
  for (const [name, path] of paths) {
    await page.goto(base + path)
    const found = await page.evaluate(() => {
      const bar = document.querySelector('.govuk-service-navigation__item--active')
      return !bar || getComputedStyle(bar).borderBottomStyle !== 'none' || getComputedStyle(bar).borderLeftStyle !== 'none'
    })
    assert(found, `${name}: nothing shows which page it is`)
    if (pictures) await page.screenshot({ path: join(pictures, `${name}-contrast.png`), fullPage: true })
  }
  await page.close()
}

const stage = demo()
let browser
try {
  await stage.ready
  const plan = JSON.parse(pep('ottoline', 'list', '--json')).find(({ term }) => term === '2025/26-spring').pep
  if (pictures) {
    rmSync(pictures, { recursive: true, force: true })
    mkdirSync(pictures, { recursive: true })
  }
  const args = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync']
  browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args, headless: true })
  await meeting(browser, program, join(work, 'demo'), plan, checked)
  console.log('The meeting of Idris: held.')
  const target = fill(plan)
  await disagree(plan)
  const link = new URL(pep('ottoline', 'open', '--no-browser'))
  const base = link.origin
  // The rules of accessibility are put to the page from outside; the page's own policy would not let them in.
  const context = await browser.newContext({ bypassCSP: true, locale: 'en-GB' })
  const first = await context.newPage()
  await first.goto(link.href)
  assert.equal(new URL(first.url()).pathname, '/')
  await first.close()
  const stranger = await (await browser.newContext({ bypassCSP: true })).newPage()
  assert.equal((await stranger.goto(link.href)).status(), 403)
  await checked(stranger, 'link-used', 1280)
  assert(!(await stranger.content()).includes('Idris'))

  const of = (rest) => `/pep/${plan}${rest}`
  const opened = await context.newPage()
  const sections = []
  await opened.goto(base + of(''))
  for (const href of await opened.locator('.govuk-task-list__link[href*="/page/"]').evaluateAll((all) => all.map((a) => a.getAttribute('href')))) {
    sections.push([`section-${href.split('/').slice(-2).join('-')}`, href])
  }
  assert(sections.length > 15, `${sections.length} sections`)
  await opened.goto(base + sections.find(([name]) => name.endsWith('attendance'))[1])
  const row = await opened.locator('a[href*="/table/attendance.terms/"]', { hasText: 'Change' }).first().getAttribute('href')
  await opened.goto(base + of('/choose'))
  const choice = await opened.locator(`a[href^="${of('/choose/')}"]`).first().getAttribute('href')
  await opened.goto(`${base}/children`)
  const start = await opened.locator('a[href$="/new"]').first().getAttribute('href')
  await opened.close()
  await walk(context, base, [
    ['tasks', '/'],
    ['children', '/children'],
    ['children-none', '/children?show=none'],
    ['plan', of('')],
    ...sections,
    ['row', row],
    ['row-new', of('/table/attendance.terms/new')],
    ['row-withdraw', `${row}/withdraw`],
    ['targets', of('/targets')],
    ['target', of(`/targets/${target}`)],
    ['target-new', of('/targets/new')],
    ['target-withdraw', of(`/targets/${target}/withdraw`)],
    ['target-fund', of(`/targets/${target}/funds/new`)],
    ['views', of('/views')],
    ['views-give', of('/views/give')],
    ['settings', '/settings'],
    ['settings-pin', '/settings/pin'],
    ['checks', of('/checks')],
    ['sign-off', of('/sign-off')],
    ['meeting', of('/meeting')],
    ['meeting-live-designated-teacher', of('/meeting/live')],
    ['meeting-wall', of('/meeting/wall')],
    ['meetings', '/meetings'],
    ['new', start],
    ['started', of('?started=new&copied=5&confirm=2&reviews=1&actions=1')],
    ['comments', of('/comments')],
    ['comments-on', of('/comments/care.story')],
    ['history', of('/history')],
    ['history-of', of('/history/care.story')],
    ['choose', of('/choose')],
    ['choose-one', choice],
    ['sync', '/sync'],
    ['help', '/help'],
    ['accessibility', '/accessibility'],
    ['about', '/about'],
    ['not-found', '/nothing-here', 404],
    ['no-plan', '/pep/00000000-0000-0000-0000-000000000000', 404],
  ])
  // The Virtual School's own pages, by a process that grades.
  const graded = pep('lorcan', 'new', 'Idris Fennimoor', '--term', '2025/26-summer', '--type', 'interim', '--process', 'ten-page')
  const lorcans = new URL(pep('lorcan', 'open', '--no-browser'))
  const office = await browser.newContext({ bypassCSP: true, locale: 'en-GB' })
  const enter = await office.newPage()
  await enter.goto(lorcans.href)
  await enter.close()
  await walk(office, lorcans.origin, [
    ['sign-off-virtual-school', `/pep/${graded}/sign-off`],
    ['quality', `/pep/${graded}/quality`],
    ['send-back', `/pep/${graded}/send-back`],
  ])
  await mistake(context, base, plan)
  const progress = sections.find(([name]) => name.endsWith('-progress'))[1]
  await keyboard(context, base, progress)
  await highContrast(context, base, [['tasks', '/'], ['plan', of('')], ['section', progress]])
  assert.deepEqual([...faults], [])
  console.log(`${sections.length + 37} pages at ${widths.join(', ')} px: nothing to put right.`)
  const homes = ['odile', 'ottoline'].map((who) => join(work, 'demo', who))
  const answer = await together(browser, program, homes, plan)
  await stage.end()
  await killed(browser, program, homes[0], answer)
  console.log('Several people in one answer: nothing to put right.')
  await child(browser, program, pictures)
  await locked(browser, program, pictures)
  console.log('The child’s seven answers: nothing to put right.')
  await six(browser, program, pictures)
  console.log('The meeting of six: nothing to put right.')
} finally {
  await browser?.close()
  await stage.end()
  rmSync(work, { recursive: true, force: true })
}
