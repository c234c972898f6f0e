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
import { kept } from './kept.mjs'
import { killed, together } from './live.mjs'
import { left } from './left.mjs'
import { locked } from './locked.mjs'
import { meeting } from './meeting.mjs'
import { signed } from './signed.mjs'
import { six } from './six.mjs'
import { train } from './train.mjs'

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
  dt('row', 'set', plan, 'attendance.terms', 'autumn-2025', 'possible=148', 'attended=121')
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

async function checked(page, name, width, only = rules) {
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)
  if (overflow > 0) faults.add(`${name}: ${overflow} px too wide at ${width}`)
  // The page's own rule lets no script in; this one comes from outside it.
  const found = await page.evaluate(
    async ({ axe, rules }) => {
      new Function(axe).call(window)
      return (await window.axe.run(document, { runOnly: rules })).violations
    },
    { axe, rules: only }
  )
  for (const { id, help, nodes } of found) {
    faults.add(`${name}: ${id}, ${help}\n    ${nodes.slice(0, 3).map((node) => node.html.slice(0, 200)).join('\n    ')}`)
  }
  if (pictures) await page.screenshot({ path: join(pictures, `${name}-${width}.png`), fullPage: true })
}

async function walk(context, base, routes, at = () => widths) {
  const page = await context.newPage()
  const troubles = []
  page.on('console', (message) => message.type() === 'error' && troubles.push(message.text()))
  page.on('request', (request) => request.url().startsWith(base) || troubles.push(`asked for ${request.url()}`))
  for (const [name, path, status = 200] of routes) {
    for (const width of at(path)) {
      await page.setViewportSize({ width, height: 900 })
      const response = await page.goto(base + path)
      assert.equal(response.status(), status, `${name} ${path}: ${await page.innerText('main')}`)
      await checked(page, name, width)
    }
  }
  assert.deepEqual(troubles.filter((words) => !words.includes('status of 4')), [])
  await page.close()
}

// The kind of page that an address leads to: what differs from plan to plan, row to row and person to person left out. The
// sections of a plan are each a page of their own.
function kindOf(href) {
  const { pathname, searchParams } = new URL(href, 'http://here')
  const pieces = pathname.split('/').slice(1).map((piece) => (/^[0-9a-f-]{32,}$/.test(piece) ? 'ID' : piece))
  const [first, , part] = pieces
  if (first === 'pep' && part !== 'page') {
    // A question, a place or a version; what follows says what is done there.
    const deep = ['history', 'comments', 'table', 'choose', 'targets', 'since']
    for (let i = 3; i < pieces.length; i++) if (deep.includes(part) && !['new', 'withdraw'].includes(pieces[i])) pieces[i] = 'X'
    if (part === 'print' && pieces[3] === 'table') pieces[4] = 'X'
  }
  const keys = [...new Set(searchParams.keys())].filter((key) => key !== 'back').sort()
  return `/${pieces.join('/')}${keys.length ? `?${keys.join('&')}` : ''}`
}

// One page of every kind that links lead to from a person's first page. Every plan is opened: what can be done in one differs.
async function crawl(context, base) {
  const found = new Map()
  const opened = new Set()
  const left = ['/']
  while (left.length > 0) {
    const path = left.pop()
    const response = await context.request.get(base + path, { maxRedirects: 0 })
    if (!(response.headers()['content-type'] ?? '').startsWith('text/html')) continue
    assert.equal(response.status(), 200, path)
    const html = await response.text()
    for (const [, link] of html.matchAll(/<a [^>]*href="([^"#]*)/g)) {
      const href = link.replaceAll('&amp;', '&')
      if (!href.startsWith('/')) continue
      const kind = kindOf(href)
      const once = /\/X|\/page\//.test(kind) ? kind : href
      if (!opened.has(once)) left.push(href)
      opened.add(once)
      if (!found.has(kind)) found.set(kind, href)
    }
  }
  const pages = []
  for (const [kind, path] of found) {
    const type = (await context.request.get(base + path)).headers()['content-type'] ?? ''
    if (type.startsWith('text/html')) pages.push([kind, path])
  }
  return pages
}

// A page of each of these is looked at, whoever it is that it is shown to; the crawl must find them.
const kinds = [
  '/', '/about', '/accessibility', '/blank-form?process', '/children', '/children/ID/new', '/held', '/help', '/meetings', '/settings', '/settings/pin', '/sync',
  '/pep/ID', '/pep/ID/checks', '/pep/ID/choose', '/pep/ID/choose/X', '/pep/ID/comments', '/pep/ID/comments/X', '/pep/ID/history', '/pep/ID/history/X',
  '/pep/ID/meeting', '/pep/ID/meeting/live', '/pep/ID/meeting/wall', '/pep/ID/picture', '/pep/ID/print', '/pep/ID/quality', '/pep/ID/send-back',
  '/pep/ID/sign-off', '/pep/ID/since/X', '/pep/ID/table/X/X', '/pep/ID/table/X/X/withdraw', '/pep/ID/table/X/new', '/pep/ID/targets', '/pep/ID/targets/X',
  '/pep/ID/targets/X/X/X', '/pep/ID/targets/X/X/new', '/pep/ID/targets/X/withdraw', '/pep/ID/targets/new', '/pep/ID/views', '/pep/ID/views/give', '/pep/ID/views/readers'
]

// As a computer set to dark shows them, with the spaces between letters, words and lines that some people need (WCAG 1.4.12).
async function darkAndSpaced(context, base, routes) {
  const page = await context.newPage()
  await page.emulateMedia({ colorScheme: 'dark' })
  await page.setViewportSize({ width: widths.at(-1), height: 900 })
  for (const [name, path] of routes) {
    await page.goto(base + path)
    await page.addStyleTag({ content: '* { line-height: 1.5 !important; letter-spacing: 0.12em !important; word-spacing: 0.16em !important } p { margin-bottom: 2em !important }' })
    await checked(page, `${name}-dark`, widths.at(-1), ['color-contrast', 'link-in-text-block'])
  }
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
    await page.waitForFunction(() => document.activeElement.className === 'govuk-error-summary')
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
  fill(plan)
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
  const enter = async (link) => {
    const context = await browser.newContext({ bypassCSP: true, locale: 'en-GB' })
    const page = await context.newPage()
    await page.goto(link.href)
    await page.close()
    return context
  }
  // The Virtual School's own pages, by a process that grades.
  const graded = pep('lorcan', 'new', 'Idris Fennimoor', '--term', '2025/26-summer', '--type', 'interim', '--process', 'ten-page')
  const lorcans = new URL(pep('lorcan', 'open', '--no-browser'))
  const office = await enter(lorcans)

  const hers = await crawl(context, base)
  const theirs = (await crawl(office, lorcans.origin)).filter(([kind]) => !hers.some(([hers]) => hers === kind))
  const missing = kinds.filter((kind) => ![...hers, ...theirs].some(([found]) => found === kind))
  assert.deepEqual(missing, [], 'no link leads there')
  const opened = await context.newPage()
  await opened.goto(base + of('/history/meeting.nextDate'))
  const restore = await opened.locator(`a[href^="${of('/history/meeting.nextDate/')}"]`).first().getAttribute('href')
  await opened.goto(base + of(''))
  const progress = await opened.locator('.govuk-task-list__link[href$="/progress"]').first().getAttribute('href')
  await opened.goto(base + of('/print'))
  await opened.check('#reader')
  await Promise.all([opened.waitForNavigation(), opened.getByRole('button', { name: 'Make the copy' }).click()])
  const copy = opened.url().slice(base.length)
  await opened.close()
  const named = ([kind, path]) => [kind.replace(/[^a-zA-Z0-9.]+/g, '-').replace(/^-|-$/g, '') || 'tasks', path]
  await walk(context, base, [
    ...hers.map(named),
    ['children-none', '/children?show=none'],
    ['restore', restore],
    ['started', of('?started=new&copied=5&confirm=2&reviews=1&actions=1')],
    ['copy', copy],
    ['copy-error', of('/print/copy?reader=me')],
    ['not-found', '/nothing-here', 404],
    ['no-plan', '/pep/00000000-0000-0000-0000-000000000000', 404]
  ])
  const his = [
    ...theirs.map(named),
    ['sign-off-virtual-school', `/pep/${graded}/sign-off`],
    ['plan-virtual-school', `/pep/${graded}`],
    ['tasks-virtual-school', '/']
  ]
  // The sections of other processes hold the same questions in another order: the narrowest is enough.
  await walk(office, lorcans.origin, his, (path) => (path.includes('/page/') ? widths.slice(-1) : widths))
  await darkAndSpaced(context, base, hers.map(named))
  await mistake(context, base, plan)
  await keyboard(context, base, progress)
  await highContrast(context, base, [['tasks', '/'], ['plan', of('')], ['section', progress]])
  assert.deepEqual([...faults], [])
  console.log(`${hers.length + theirs.length + 9} pages at ${widths.join(', ')} px: nothing to put right.`)
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
  await train(browser, program, pictures)
  console.log('The train with no signal: nothing to put right.')
  await kept(browser, program, pictures)
  console.log('What was typed is kept: nothing to put right.')
  await left(browser, program, pictures)
  console.log('Every page left in the middle of typing: all of it there again.')
  await signed(browser, program, pictures)
  console.log('The sign-off while somebody types: nothing to put right.')
} finally {
  await browser?.close()
  await stage.end()
  rmSync(work, { recursive: true, force: true })
}
