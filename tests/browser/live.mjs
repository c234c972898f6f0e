// Two people on two devices, and two tabs of one of them, write in one answer at once. Called by run.mjs; by itself:
//
//   node live.mjs PEP

import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import * as world from './world.mjs'

// An answer that both write; found on their pages.
let field

const enter = async (context, { link }) => {
  const page = await context.newPage()
  await page.goto(link.href)
  await page.close()
}
const box = (page) => world.box(page, field)
const saved = (page) => world.saved(page, field)
const same = (a, b) => world.same([a, b], field)
const caret = (page, at) => world.caret(page, field, at)
const holds = (page, ...words) =>
  page.waitForFunction(({ f, words }) => words.every((word) => document.getElementById(f).value.includes(word)), { f: field, words })

// While the demonstration runs: it has both homes, and the relay between them. Returns the answer they wrote.
export async function together(browser, program, homes, plan) {
  const served = homes.map((home) => {
    const link = new URL(execFileSync(program, ['--home', home, '--quiet', 'open', '--no-browser'], { encoding: 'utf8' }).trim())
    return { link, base: link.origin }
  })
  const contexts = await Promise.all([0, 1].map(() => world.context(browser)))
  const troubles = []
  // The long answers that somebody writes: the question, and the page it is on.
  const written = async (i) => {
    const page = await contexts[i].newPage()
    await page.goto(`${served[i].base}/pep/${plan}`)
    const found = new Map()
    for (const href of await page.locator('.govuk-task-list__link').evaluateAll((all) => all.map((a) => a.getAttribute('href')))) {
      await page.goto(served[i].base + href)
      for (const id of await page.locator('[data-live] textarea').evaluateAll((all) => all.map((el) => el.id))) found.set(id, href)
    }
    await page.close()
    return found
  }
  const tab = async (i, href) => {
    const page = await contexts[i].newPage()
    page.on('pageerror', (error) => troubles.push(String(error)))
    page.on('console', (message) => message.type() === 'error' && !message.text().includes('ERR_CONNECTION') && troubles.push(message.text()))
    await page.goto(served[i].base + href)
    await world.live(page, field)
    return page
  }
  try {
    await Promise.all([0, 1].map((i) => enter(contexts[i], served[i])))
    const [mine, theirs] = await Promise.all([written(0), written(1)])
    field = [...mine.keys()].find((id) => theirs.has(id) && !id.startsWith('voice.') && !id.startsWith('view'))
    assert(field, `no answer is written by both: ${[...mine.keys()]} and ${[...theirs.keys()]}`)
    const href = mine.get(field)
    const [a, b] = await Promise.all([tab(0, href), tab(1, href)])

    // Two people type at once, in one answer, from its two ends.
    await box(a).evaluate((el) => { el.focus(); el.select() })
    await a.keyboard.type('Middle.')
    await saved(a)
    await holds(b, 'Middle.')
    const same0 = await same(a, b)
    assert.equal(same0, 'Middle.')
    await Promise.all([caret(a, 0), caret(b, -1)])
    const first = 'Idris cooks on Sundays with his carer and calls it the best hour. '
    const second = ' At school he reads to the younger ones and they ask for him.'
    await Promise.all([a.keyboard.type(first, { delay: 12 }), b.keyboard.type(second, { delay: 15 })])
    await Promise.all([saved(a), saved(b)])
    assert.equal(await same(a, b), `${first}Middle.${second}`)

    // Undo takes back mine alone, and redo brings it again.
    await a.waitForTimeout(1100)
    await caret(a, -1)
    await a.keyboard.type(' Undone')
    await saved(a)
    await holds(b, 'Undone')
    await caret(b, 0)
    await b.keyboard.type('Hello. ')
    await saved(b)
    await holds(a, 'Hello. ')
    await a.keyboard.press('Control+z')
    await a.waitForFunction((f) => !document.getElementById(f).value.includes('Undone'), field)
    assert.equal(await same(a, b), `Hello. ${first}Middle.${second}`)
    await a.keyboard.press('Control+y')
    await holds(a, 'Undone')
    await saved(a)
    assert.equal(await same(a, b), `Hello. ${first}Middle.${second} Undone`)

    // Two tabs of one person; a picture of two units; a paste.
    const c = await tab(0, href)
    await holds(c, 'Undone')
    await caret(c, -1)
    await c.keyboard.insertText(' 🍲 and 🙂')
    await c.keyboard.insertText(` ${'long '.repeat(2000)}`)
    await saved(c)
    await holds(a, '🍲 and 🙂 long long')
    await holds(b, '🍲 and 🙂 long long')
    await same(a, c)
    await same(a, b)
    // The same picture swapped for one with the same first half.
    await c.evaluate((f) => {
      const el = document.getElementById(f)
      el.value = el.value.replace('🙂', '🙃').replace(/( long)+ *$/, '')
      el.dispatchEvent(new InputEvent('input', { inputType: 'insertReplacementText', bubbles: true }))
    }, field)
    await saved(c)
    await holds(b, '🙃')
    assert(!(await same(b, c)).includes('\ufffd'))

    // While somebody composes, what others write waits; the pause holds it back until the box is left.
    await caret(a, 0)
    const client = await contexts[0].newCDPSession(a)
    await client.send('Input.imeSetComposition', { text: 'にほ', selectionStart: 2, selectionEnd: 2 })
    await caret(b, -1)
    await b.keyboard.type(' Meanwhile.')
    await saved(b)
    await holds(c, 'Meanwhile')
    assert(!(await box(a).inputValue()).includes('Meanwhile'))
    await client.send('Input.insertText', { text: '日本' })
    await holds(a, '日本', 'Meanwhile')
    await saved(a)
    await same(a, b)
    await a.check('#live-pause')
    await caret(a, 0)
    await b.keyboard.type(' Later.')
    await saved(b)
    await holds(c, 'Later.')
    assert(!(await box(a).inputValue()).includes('Later.'))
    await a.uncheck('#live-pause')
    await holds(a, 'Later.')
    await c.close()

    // What a live box says is not sent with the form, and does not come twice.
    await caret(a, -1)
    await a.keyboard.type(' With the form.')
    await Promise.all([a.waitForNavigation(), a.getByRole('button', { name: 'Save and stay here' }).click()])
    await a.waitForFunction(() => document.getElementById('live-pause'))
    assert.equal((await box(a).inputValue()).split('With the form.').length, 2)
    await holds(b, 'With the form.')

    // Typed before the script runs, on a page that is out of date.
    let go
    const later = new Promise((resolve) => (go = resolve))
    await contexts[0].route('**/app.js', async (route) => { await later; await route.continue() })
    const d = await contexts[0].newPage()
    await d.goto(served[0].base + href, { waitUntil: 'commit' })
    await box(d).waitFor()
    await caret(d, 0)
    await d.keyboard.type('Early. ')
    await caret(b, -1)
    await b.keyboard.type(' Newer.')
    await saved(b)
    await holds(a, 'Newer.')
    go()
    await holds(d, 'Early. ', 'Newer.')
    await saved(d)
    await holds(b, 'Early. ', 'Newer.')
    assert.equal((await same(b, d)).split('Early.').length, 2)
    await contexts[0].unroute('**/app.js')
    await d.close()

    assert.deepEqual(troubles.filter((words) => !words.includes('WebSocket connection') && !words.includes('403')), [])
    return href
  } finally {
    await Promise.all(contexts.map((context) => context.close()))
  }
}

// Somebody else on the port, who says that all is well: the page asks for a proof, twice, and says nothing else.
async function impostor(page, port) {
  const heard = []
  let asked = 0
  const server = createServer((request, response) => {
    request.on('data', (piece) => heard.push(String(piece)))
    request.on('end', () => { asked++; response.end(`${'ab'.repeat(32)} ${'cd'.repeat(32)}`) })
  })
  server.on('upgrade', (_, socket) => { heard.push('a socket'); socket.destroy() })
  await new Promise((resolve) => server.listen(Number(port), '127.0.0.1', resolve))
  const until = Date.now() + 60_000
  while (asked < 2) {
    assert(Date.now() < until, 'the page does not look for the program any more')
    await page.waitForTimeout(50)
  }
  for (const words of heard) assert.match(words, /^id=[0-9a-f]{32}&ask=[0-9a-f]{64}$/)
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
}

// After the demonstration: the program, in a process of its own and without a relay, is killed amid a sentence and started again.
export async function killed(browser, program, home, href) {
  let served = await world.opened(program, home)
  const port = served.link.port
  const context = await world.context(browser)
  try {
    await enter(context, served)
    const page = await context.newPage()
    await page.goto(served.base + href)
    await page.waitForFunction(() => document.getElementById('live-pause'))
    for (const pause of [100, 700, 1900]) {
      const words = ` Typed while the program is killed after ${pause}, and they stay.`
      await caret(page, -1)
      const typing = page.keyboard.type(words, { delay: 25 })
      await page.waitForTimeout(pause)
      await served.end('SIGKILL')
      await typing
      await page.waitForFunction((f) => document.getElementById(f).closest('[data-live]').querySelector('.pep-saved').textContent.startsWith('Not saved yet. The program'), field)
      // Pressing a button now would take what was typed along; and somebody else who listens on the port hears nothing of it.
      await page.getByRole('button', { name: 'Save and stay here' }).click()
      await world.shows(page, 'Not saved. The program is not running.')
      assert.equal(new URL(page.url()).pathname, href)
      await impostor(page, port)
      // On the same port by itself, and without the link: the page that was in comes back.
      served = await world.opened(program, home)
      assert.equal(served.link.port, port)
      await saved(page)
      const shown = await box(page).inputValue()
      assert.equal(shown.split(words).length, 2, shown)
      assert.equal(shown.split(`after ${pause},`).length, 2, shown)
      const fresh = await context.newPage()
      await fresh.goto(served.base + href)
      assert.equal(await box(fresh).inputValue(), shown)
      await fresh.close()
    }
    // Killed between the disk and the answer, while somebody else writes: what is on the disk and was never said to be does not
    // come twice, and what was typed after it is not lost.
    let deaf = false
    const late = await context.newPage()
    await late.routeWebSocket('**/live', (socket) => {
      const program = socket.connectToServer()
      socket.onMessage((m) => program.send(m))
      program.onMessage((m) => (deaf && JSON.parse(m).t === 'saved' ? undefined : socket.send(m)))
    })
    await late.goto(served.base + href)
    await late.waitForFunction(() => document.getElementById('live-pause'))
    await page.close()
    await late.waitForFunction((f) => document.getElementById(f).value.length > 0, field)
    deaf = true
    await caret(late, -1)
    await late.keyboard.type(' Written and not said.')
    const plan = href.split('/')[2]
    const pep = (...words) => execFileSync(program, ['--home', home, '--quiet', ...words], { encoding: 'utf8' })
    const onDisk = () => JSON.parse(pep('show', plan, '--json')).answers[field]
    while (!onDisk().includes('Written and not said.')) await late.waitForTimeout(100)
    await late.keyboard.type(' And more.')
    await served.end('SIGKILL')
    pep('write', plan, field, `Others wrote. ${onDisk()}`)
    deaf = false
    served = await world.opened(program, home)
    await saved(late)
    await holds(late, 'Others wrote.')
    const all = await box(late).inputValue()
    for (const words of ['Others wrote. ', ' Written and not said.', ' And more.']) assert.equal(all.split(words).length, 2, all)
    assert.equal(onDisk(), all)
  } finally {
    await served.end('SIGINT')
    await context.close()
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const program = process.argv[2]
  assert(program, 'Name the program: node live.mjs PEP')
  const work = mkdtempSync(join(tmpdir(), 'pep-live-'))
  const stage = spawn(program, ['demo', '--dir', join(work, 'demo')], { stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = new Promise((resolve) => stage.on('exit', resolve))
  let browser
  try {
    await new Promise((resolve) => { let said = ''; stage.stdout.on('data', (piece) => (said += piece).includes('ends the demonstration') && resolve()) })
    const homes = ['odile', 'ottoline'].map((who) => join(work, 'demo', who))
    const plan = JSON.parse(execFileSync(program, ['--home', homes[1], '--quiet', 'list', '--json'], { encoding: 'utf8' })).find(({ term }) => term === '2025/26-spring').pep
    browser = await world.launch()
    const href = await together(browser, program, homes, plan)
    stage.kill('SIGINT')
    await ended
    await killed(browser, program, homes[0], href)
    console.log('Live text: nothing to put right.')
  } finally {
    await browser?.close()
    stage.kill('SIGINT')
    await ended
    rmSync(work, { recursive: true, force: true })
  }
}
