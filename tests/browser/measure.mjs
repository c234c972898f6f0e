// Measures what people wait for in the pages, in a real browser. It prints; nothing passes or fails by the clock. What fails it is
// a key that is not everywhere in the end. What each figure means stands in ../BENCHMARKS.md. Not a part of run.mjs:
//
//   node measure.mjs PEP                        everything; some minutes
//   node measure.mjs PEP --only typing          or long, pages, children

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { whole } from './signed.mjs'
import { World, box, caret, launch, live, saved, sectionOf, tab } from './world.mjs'

const [program, ...flags] = process.argv.slice(2)
assert(program, 'Name the program: node measure.mjs PEP')
const only = flags.includes('--only') && flags[flags.indexOf('--only') + 1]

const NOTES = 'meeting.notes'
const HELPS = 'wellbeing.whatHelps'
// Rounds of typing, of the pages and of the echo in turn; how long each is, and how often everybody presses a key.
const ROUNDS = 3
const ROUND_MS = 20_000
const KEY_EVERY_MS = 200
// How often a page is loaded, and a key pressed, for a figure.
const TIMES = 40
// Changes in a long plan, and how many of them are under way at once while it is made.
const LONG = 20_000
const AT_ONCE = 50
const CHILDREN = 300
const TABS = 10

const at = (all, part) => [...all].sort((a, b) => a - b)[Math.min(all.length - 1, Math.floor(all.length * part))]
const ms = (x) => `${x < 10 ? x.toFixed(1) : Math.round(x)} ms`
const figures = (all) => `p50 ${ms(at(all, 0.5))}, p99 ${ms(at(all, 0.99))} (${all.length})`
const row = (name, ...cells) => console.log(`| ${[name, ...cells].join(' | ')} |`)
const memory = (pid, what) => Number(readFileSync(`/proc/${pid}/status`, 'utf8').match(new RegExp(`${what}:\\s+(\\d+)`))[1]) / 1024

// A page with a text box and nothing behind it: what is typed goes to everybody else who has it open, and is said to have come.
async function echo() {
  const people = new Set()
  const frame = (words) => {
    const bytes = Buffer.from(words)
    assert(bytes.length < 126)
    return Buffer.concat([Buffer.from([0x81, bytes.length]), bytes])
  }
  const script = `const el = document.getElementById('text'), words = document.getElementById('words')
    const socket = new WebSocket('ws://' + location.host)
    let n = 0, before = ''
    el.addEventListener('input', () => { words.textContent = 'Not saved yet'; n++; socket.send(JSON.stringify({ n, d: el.value.slice(before.length) })); before = el.value })
    socket.onmessage = (e) => {
      const m = JSON.parse(e.data)
      if (m.ok) { if (m.ok === n) words.textContent = 'Saved on this device' } else { el.value = before += m.d }
    }
    socket.onopen = () => (document.title = 'ready')`
  const server = createServer((_, response) => {
    response.setHeader('content-type', 'text/html')
    response.end(`<!DOCTYPE html><title>Echo</title><textarea id="text"></textarea><p id="words"></p><script>${script}</script>`)
  })
  server.on('upgrade', (request, socket) => {
    const key = createHash('sha1').update(`${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64')
    socket.write(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${key}\r\n\r\n`)
    socket.setNoDelay(true)
    people.add(socket)
    let rest = Buffer.alloc(0)
    socket.on('data', (piece) => {
      rest = Buffer.concat([rest, piece])
      // Short frames with a mask are all that this page sends.
      while (rest.length >= 6 && rest.length >= 6 + (rest[1] & 127)) {
        const length = rest[1] & 127, mask = rest.subarray(2, 6)
        const said = Buffer.from(rest.subarray(6, 6 + length).map((byte, i) => byte ^ mask[i % 4]))
        const opcode = rest[0] & 15
        rest = rest.subarray(6 + length)
        if (opcode !== 1) { socket.end(); continue }
        const { n, d } = JSON.parse(said)
        for (const other of people) other.write(frame(JSON.stringify(other === socket ? { ok: n } : { d })))
      }
    })
    for (const event of ['close', 'error']) socket.on(event, () => people.delete(socket))
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { base: `http://127.0.0.1:${server.address().port}/`, end: () => { people.forEach((socket) => socket.destroy()); server.close() } }
}

// In the page: when this person's key is pressed, when the page next says that all is saved, and when others' keys are on the screen.
const watch = (page, field, words, own) =>
  page.evaluate(({ field, words, own }) => {
    const el = document.getElementById(field), says = document.getElementById(words)
    const now = () => performance.timeOrigin + performance.now()
    const probe = (window.probe = { keys: [], saved: [], seen: {} })
    const base = (window.probeBase = {})
    const count = (digit) => el.value.split(digit).length - 1
    for (const digit of '123456') { base[digit] = count(digit); probe.seen[digit] = [] }
    if (window.probing) return
    window.probing = true
    el.addEventListener('keydown', (e) => e.key === own && window.probe.keys.push(now()))
    new MutationObserver(() => {
      const { keys, saved } = window.probe
      if (/^(Saved|Shared)/.test(says.textContent)) while (saved.length < keys.length) saved.push(now())
    }).observe(says, { childList: true, characterData: true, subtree: true })
    const value = Object.getOwnPropertyDescriptor(HTMLTextAreaElement.prototype, 'value')
    Object.defineProperty(el, 'value', {
      get() { return value.get.call(el) },
      set(text) {
        value.set.call(el, text)
        requestAnimationFrame(() => {
          for (const [digit, seen] of Object.entries(window.probe.seen)) while (seen.length < count(digit) - window.probeBase[digit]) seen.push(now())
        })
      },
    })
  }, { field, words, own })

// Everybody presses their key, each at their own moments; what that took, in milliseconds.
async function round(writers) {
  for (const { page, field, words, own } of writers) await watch(page, field, words, own)
  const end = Date.now() + ROUND_MS
  await Promise.all(writers.map(async ({ page, own }, i) => {
    for (let next = Date.now() + i * (KEY_EVERY_MS / writers.length); next < end; next += KEY_EVERY_MS) {
      await new Promise((resolve) => setTimeout(resolve, next - Date.now()))
      await page.keyboard.press(own)
    }
  }))
  const pressed = await Promise.all(writers.map(({ page }) => page.evaluate(() => window.probe.keys.length)))
  const others = (i) => writers.filter((one, k) => k !== i && one.field === writers[i].field)
  const keysOf = (one) => pressed[writers.indexOf(one)]
  // A key that is not everywhere in the end is waited for in vain.
  await Promise.all(writers.map(({ page }, i) => page.waitForFunction(
    ({ mine, theirs }) => window.probe.saved.length === mine && theirs.every(([digit, n]) => window.probe.seen[digit].length >= n),
    { mine: pressed[i], theirs: others(i).map((one) => [one.own, keysOf(one)]) })))
  const probes = await Promise.all(writers.map(({ page }) => page.evaluate(() => window.probe)))
  const took = { saved: [], screen: [] }
  writers.forEach((one, i) => {
    took.saved.push(...probes[i].keys.map((t, k) => probes[i].saved[k] - t))
    for (const other of others(i)) took.screen.push(...probes[i].keys.map((t, k) => probes[writers.indexOf(other)].seen[one.own][k] - t))
  })
  return took
}

async function meetingOf(world, browser) {
  const names = [['Odile Marrowfield', 'social-worker'], ['Ottoline Greaves-Penn', 'designated-teacher'], ['Lorcan Tidewell', 'virtual-school-officer'], ['Imelda Thackwray', 'designated-teacher'], ['Carys Wexcombe', 'carer'], ['Idris Fennimoor', 'young-person']]
  const people = names.map(([name, role]) => world.person(name, role))
  const plan = JSON.parse(people[0].pep('new', 'Idris Fennimoor', '--term', '2025/26-spring', '--type', 'review', '--process', 'sections', '--json')).pep
  for (const person of people) person.pep('sync')
  await Promise.all(people.map((person) => world.enter(person, browser)))
  return { people, plan }
}

async function typing(browser) {
  const world = await World.begin(program), plain = await echo()
  try {
    const { people, plan } = await meetingOf(world, browser)
    const sections = { [NOTES]: await sectionOf(people[0], plan, NOTES), [HELPS]: await sectionOf(people[1], plan, HELPS) }
    const pages = [], echoes = []
    for (const [i, person] of people.entries()) {
      const field = i < 4 ? NOTES : HELPS, own = String(i + 1)
      const page = await tab(person, sections[field])
      await live(page, field)
      await caret(page, field, -1)
      pages.push({ page, field, words: `saved-${field}`, own })
      // Alone with the same browser: the echo has no account of anything.
      const other = await person.context.newPage()
      await other.goto(`${plain.base}`)
      await other.waitForFunction(() => document.title === 'ready')
      echoes.push({ page: other, field: 'text', words: 'words', own })
    }
    const took = { pep: { saved: [], screen: [] }, echo: { saved: [], screen: [] } }
    for (let i = 0; i < ROUNDS; i++) {
      for (const [name, writers] of [['pep', pages], ['echo', echoes]]) {
        for (const { page, field } of writers) { await page.bringToFront(); await box(page, field).focus() }
        const one = await round(writers)
        console.error(`round ${i + 1}, ${name}: saved ${figures(one.saved)}, screen ${figures(one.screen)}`)
        took[name].saved.push(...one.saved)
        took[name].screen.push(...one.screen)
      }
    }
    for (const [what, name] of [['saved', 'key to “Saved on this device”'], ['screen', 'key to another person’s screen']]) {
      const [pep, plain] = [took.pep[what], took.echo[what]]
      row(name, figures(pep), figures(plain), `${(at(pep, 0.5) / at(plain, 0.5)).toFixed(0)} / ${(at(pep, 0.99) / at(plain, 0.99)).toFixed(0)}`)
    }
  } finally {
    plain.end()
    await world.end()
  }
}

// From a key, and leaving the box, to “Saved”: nothing is gathered.
async function keys(page, field) {
  const took = []
  for (let i = 0; i < TIMES; i++) {
    await caret(page, field, -1)
    took.push(await page.evaluate(({ field }) => {
      const el = document.getElementById(field), says = document.getElementById(`saved-${field}`)
      el.setRangeText('x', el.value.length, el.value.length, 'end')
      const from = performance.now()
      el.dispatchEvent(new InputEvent('input', { inputType: 'insertText', bubbles: true }))
      return new Promise((resolve) => {
        const done = new MutationObserver(() => /^(Saved|Shared)/.test(says.textContent) && (done.disconnect(), resolve(performance.now() - from)))
        done.observe(says, { childList: true, characterData: true, subtree: true })
        el.blur()
      })
    }, { field }))
  }
  return took
}

// Types letter by letter, each a change, as a page would that is left after every key.
const makeLong = (page, path, field, changes, atOnce) =>
  page.evaluate(({ path, field, changes, atOnce }) => new Promise((resolve, reject) => {
    const socket = new WebSocket(`ws://${location.host}/live`), words = 'He cooks and he sings. '
    const send = (m) => socket.send(JSON.stringify(m))
    let n, s, length, sent = 0, saved = 0
    const more = () => {
      for (; sent < changes && sent - saved < atOnce; sent++) {
        send({ t: 'edit', f: field, n: ++n, s, d: [[length++, 0, words[sent % words.length]]], g: true })
        send({ t: 'leave', f: field })
      }
    }
    socket.onopen = () => send({ t: 'hello', tab: crypto.randomUUID(), page: path, fields: { [field]: 0 }, here: false })
    socket.onmessage = (e) => {
      const m = JSON.parse(e.data)
      if (m.f !== field) return
      if (m.t === 'init') { [n, s, length] = [m.n, m.s, m.text.length]; more() }
      if (m.t === 'locked') reject(new Error(m.why))
      if (m.t === 'saved' && ++saved) saved === changes ? (socket.close(), resolve()) : more()
    }
    socket.onclose = () => reject(new Error(`closed after ${saved}`))
  }), { path, field, changes, atOnce })

async function loads(page, href) {
  const took = { answer: [], whole: [] }
  let bytes
  for (let i = 0; i < TIMES; i++) {
    await page.goto(href)
    const [nav] = await page.evaluate(() => performance.getEntriesByType('navigation').map((nav) => nav.toJSON()))
    took.answer.push(nav.responseEnd - nav.requestStart)
    took.whole.push(nav.domComplete)
    bytes = nav.decodedBodySize
  }
  return { ...took, bytes }
}

const rendered = (name, { answer, whole, bytes }) => row(name, `${Math.round(bytes / 1024)} KB`, figures(answer), figures(whole))

async function long(browser) {
  const world = await World.begin(program)
  try {
    const odile = world.person('Odile Marrowfield', 'social-worker')
    const plan = JSON.parse(odile.pep('new', 'Idris Fennimoor', '--term', '2025/26-spring', '--type', 'review', '--process', 'sections', '--json')).pep
    odile.pep('sync')
    await world.enter(odile, browser)
    const notes = await sectionOf(odile, plan, NOTES)
    const page = await tab(odile, notes)
    const short = async () => {
      await page.goto(odile.served.base + notes)
      await live(page, NOTES)
      return { keys: await keys(page, NOTES), page: await loads(await odile.context.newPage(), odile.served.base + notes) }
    }
    const before = await short()
    await page.goto(`${odile.served.base}/sync`)
    const began = Date.now()
    await makeLong(page, notes, NOTES, LONG, AT_ONCE)
    console.error(`${LONG} changes in ${Math.round((Date.now() - began) / 1000)} s`)
    await page.goto(`${odile.served.base}/about`)
    const after = await short()
    row('key, and leaving the box, to “Saved”, new plan', figures(before.keys))
    row(`the same, plan of ${LONG} changes`, figures(after.keys), `ratio ${(at(after.keys, 0.5) / at(before.keys, 0.5)).toFixed(1)} / ${(at(after.keys, 0.99) / at(before.keys, 0.99)).toFixed(1)}`)
    rendered('section, new plan', before.page)
    rendered(`section, plan of ${LONG} changes`, after.page)
    row(`memory of pep, plan of ${LONG} changes`, `${Math.round(memory(odile.served.pid, 'VmRSS'))} MiB`)
  } finally {
    await world.end()
  }
}

async function pages(browser) {
  const { world, plan, people } = await whole(program, 'review')
  try {
    const gideon = people.get('gideon')
    gideon.pep('sync')
    await world.enter(gideon, browser)
    row('memory of pep, no tab', `${Math.round(memory(gideon.served.pid, 'VmRSS'))} MiB`)
    const page = await gideon.context.newPage()
    // What comes over the wire, without and with the browser's cache.
    const wire = await gideon.context.newCDPSession(page)
    await wire.send('Network.enable')
    let bytes = 0, requests = 0
    wire.on('Network.loadingFinished', ({ encodedDataLength }) => { bytes += encodedDataLength; if (encodedDataLength) requests++ })
    await wire.send('Network.clearBrowserCache')
    for (const cache of ['without cache', 'with cache']) {
      ;[bytes, requests] = [0, 0]
      await page.goto(gideon.served.base, { waitUntil: 'load' })
      row(`first page, ${cache}`, `${(bytes / 1024).toFixed(1)} KB in ${requests} requests`)
    }
    rendered('tasks', await loads(page, gideon.served.base))
    rendered('plan, overview', await loads(page, `${gideon.served.base}/pep/${plan}`))
    await page.goto(`${gideon.served.base}/pep/${plan}/print`)
    const asked = await page.evaluate(() => {
      const values = (name) => [...document.querySelectorAll(`[name=${name}]`)].map((el) => [name, el.value])
      return new URLSearchParams([values('reader')[0], ...values('part'), ['gaps', '1']]).toString()
    })
    rendered('plan, all of it on one page', await loads(page, `${gideon.served.base}/pep/${plan}/print/copy?${asked}`))
    const notes = await sectionOf(gideon, plan, NOTES)
    rendered('section', await loads(page, gideon.served.base + notes))
    await page.close()
    for (let i = 0; i < TABS; i++) {
      const page = await tab(gideon, notes)
      await live(page, NOTES)
      await caret(page, NOTES, -1)
      await page.keyboard.type(`Tab ${i}. `)
      await saved(page, NOTES)
    }
    row(`memory of pep, ${TABS} tabs`, `${Math.round(memory(gideon.served.pid, 'VmRSS'))} MiB, most ${Math.round(memory(gideon.served.pid, 'VmHWM'))} MiB`)
  } finally {
    await world.end()
  }
}

async function children(browser) {
  const world = await World.begin(program)
  try {
    const odile = world.person('Odile Marrowfield', 'social-worker')
    for (let i = 1; i < CHILDREN; i++) {
      const name = `Child Number ${i}`
      world.relay('children', 'add', '--name', name, '--dob', '2010-11-02', '--looked-after-since', '2019-06-18')
      world.relay('teams', 'add', name, odile.name, '--role', 'social-worker')
    }
    odile.pep('sync')
    for (const { id, name } of JSON.parse(odile.pep('child', 'list', '--json'))) odile.pep('new', id ?? name, '--term', '2025/26-spring', '--type', 'review', '--process', 'sections')
    odile.pep('sync')
    await world.enter(odile, browser)
    const page = await odile.context.newPage()
    rendered(`list of ${CHILDREN} children with a plan each`, await loads(page, `${odile.served.base}/children`))
    rendered('tasks of the same person', await loads(page, odile.served.base))
    row(`memory of pep, ${CHILDREN} plans`, `${Math.round(memory(odile.served.pid, 'VmRSS'))} MiB`)
  } finally {
    await world.end()
  }
}

const browser = await launch()
try {
  for (const [name, part] of Object.entries({ typing, long, pages, children })) if (!only || only === name) await part(browser)
} finally {
  await browser.close()
}
