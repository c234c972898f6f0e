// A relay and people round one child, each with a device of their own, for stories in a browser. Everybody is invented.

import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { chromium } from 'playwright-core'

export const CHILD = 'Idris Fennimoor'
const PROGRAM_ARGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync']

export const launch = () => chromium.launch({ executablePath: '/usr/bin/chromium', args: PROGRAM_ARGS, headless: true })

// Long, for a machine that is busy: what a story waits for comes, or the story fails.
const PATIENCE_MS = 60_000

// A browser of somebody's own.
export async function context(browser, more = {}) {
  const context = await browser.newContext({ locale: 'en-GB', ...more })
  context.setDefaultTimeout(PATIENCE_MS)
  return context
}

// A process of ours that says a line when it is ready. With PEP_TALK set, what it says beside its data is shown.
async function started(program, args, ready) {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', process.env.PEP_TALK ? 'inherit' : 'ignore'] })
  const ended = new Promise((resolve) => child.on('exit', resolve))
  let said = ''
  const found = await new Promise((resolve, reject) => {
    child.stdout.on('data', (piece) => {
      const match = (said += piece).match(ready)
      if (match) resolve(match)
    })
    child.on('exit', (code) => reject(new Error(`${args.join(' ')} ended with ${code}: ${said}`)))
  })
  return { found, pid: child.pid, end: (signal = 'SIGINT') => (child.kill(signal), ended) }
}

// `pep open` in a process of its own.
export async function opened(program, home, port = 0) {
  const words = ['--home', home, '--quiet', 'open', '--no-browser', ...(port ? ['--port', String(port)] : [])]
  const { found, pid, end } = await started(program, words, /http:\S+/)
  const link = new URL(found[0])
  return { link, base: link.origin, pid, end }
}

export class World {
  constructor(program, child) {
    this.program = program
    this.child = child
    this.dir = mkdtempSync(join(tmpdir(), 'pep-world-'))
    this.people = []
  }

  static async begin(program, child = CHILD, born = '2010-11-02', since = '2019-06-18') {
    const world = new World(program, child)
    await world.serve('127.0.0.1:0')
    world.relay('children', 'add', '--name', child, '--dob', born, '--looked-after-since', since)
    return world
  }

  // Starts the relay, on the address it had before.
  async serve(listen = this.listen) {
    this.server = await started(this.program, ['relay', 'serve', '--listen', listen, '--data', join(this.dir, 'relay')], /ready wss:\/\/(\S+)/)
    this.listen = this.server.found[1]
  }

  async cut() {
    await this.server.end('SIGKILL')
    this.server = null
  }

  relay(...words) {
    return execFileSync(this.program, ['relay', ...words, '--data', join(this.dir, 'relay')], { encoding: 'utf8' }).trim()
  }

  // Somebody with a device that has joined.
  person(name, role) {
    const home = join(this.dir, name.split(' ')[0].toLowerCase())
    const person = { name, role, home, pep: (...words) => execFileSync(this.program, ['--home', home, '--quiet', ...words], { encoding: 'utf8' }).trim() }
    const link = this.relay('invite', '--name', name, '--role', role)
    // On the team since last term: nobody leaves one on a day before they came to it.
    this.relay('teams', 'add', this.child, name, '--role', role, '--from', '2025-09-01')
    person.pep('join', link)
    this.people.push(person)
    return person
  }

  // Opens their pages in a browser of their own.
  async enter(person, browser) {
    person.served = await opened(this.program, person.home)
    person.context = await context(browser, { bypassCSP: true })
    person.troubles = []
    const page = await person.context.newPage()
    await page.goto(person.served.link.href)
    await page.close()
    return person
  }

  async end() {
    await Promise.all(this.people.map((person) => person.context?.close()))
    await Promise.all(this.people.map((person) => person.served?.end()))
    await this.server?.end()
    rmSync(this.dir, { recursive: true, force: true })
  }
}

// A tab of somebody, with its script running.
export async function tab(person, path) {
  const page = await person.context.newPage()
  page.on('pageerror', (error) => person.troubles.push(String(error)))
  page.on('console', (message) => message.type() === 'error' && !/ERR_CONNECTION|WebSocket/.test(message.text()) && person.troubles.push(message.text()))
  await page.goto(person.served.base + path)
  return page
}

export const box = (page, field) => page.locator(`[id="${field}"]`)
export const text = (page, field) => box(page, field).inputValue()

// Waits until a box says that it is saved, or how far it has come since.
export const saved = (page, field) =>
  page.waitForFunction((f) => /^(Saved on this device|Shared)/.test(document.getElementById(f).closest('[data-live]').querySelector('.pep-saved').textContent), field)

export const live = (page, field) => page.waitForFunction((f) => document.getElementById(f)?.closest('[data-live]')?.querySelector('.pep-saved') && document.getElementById('live-pause'), field)

// Puts the caret there; -1 is the end.
export const caret = (page, field, at) =>
  box(page, field).evaluate((el, at) => { el.focus(); const p = at < 0 ? el.value.length : at; el.setSelectionRange(p, p) }, at)

// Waits until all pages show the same text, and gives it.
export async function same(pages, field) {
  let texts
  for (const until = Date.now() + PATIENCE_MS; Date.now() < until; ) {
    texts = await Promise.all(pages.map((page) => text(page, field)))
    if (texts.every((one) => one === texts[0])) return texts[0]
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
  assert.fail(`not the same: ${texts.map((one) => JSON.stringify(one.slice(0, 200))).join('\n')}`)
}

// Waits until words stand somewhere on the page, or stand in its own part no more: what was said to screen readers last stays above it.
export const shows = (page, words) => page.waitForFunction((words) => document.body.innerText.includes(words), words)
export const showsNot = (page, words) => page.waitForFunction((words) => !document.querySelector('main').innerText.includes(words), words)

// Where a question is asked, by the links of the plan.
export async function sectionOf(person, plan, field) {
  // The sections of the meeting and of the signatures stand on their own pages.
  const page = await tab(person, `/pep/${plan}/meeting`)
  const links = () => page.locator('.govuk-task-list__link[href*="/page/"]').evaluateAll((all) => all.map((a) => a.getAttribute('href')))
  const hrefs = await links()
  for (const more of ['/sign-off', '']) {
    await page.goto(`${person.served.base}/pep/${plan}${more}`)
    hrefs.unshift(...await links())
  }
  for (const href of hrefs) {
    await page.goto(person.served.base + href)
    if (await page.locator(`[id="at-${field}"]`).count()) return page.close().then(() => href)
  }
  assert.fail(`${field} is on no page`)
}

// Plays a story where its file is run by itself: node STORY.mjs PEP [FOLDER for pictures]
export async function alone(url, story, says) {
  if (process.argv[1] !== fileURLToPath(url)) return
  const [program, pictures] = process.argv.slice(2)
  assert(program, 'Name the program: node STORY.mjs PEP')
  const browser = await launch()
  try {
    await story(browser, program, pictures)
    if (says) console.log(says)
  } finally {
    await browser.close()
  }
}
