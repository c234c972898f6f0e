// A worker gives the device to a child: seven answers in pages of the child's own, no way to anything else, and back with the PIN.
// Called by run.mjs; by itself:
//
//   node child.mjs PEP [FOLDER for pictures]

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { World, alone, opened, tab } from './world.mjs'

const axe = readFileSync(new URL('node_modules/axe-core/axe.min.js', import.meta.url), 'utf8')
const rules = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']
// The last is 1280 px at 400 %.
const sizes = [[1280, 900], [360, 800], [320, 256]]
const BEST = '  art 🎨 an when we did the volcaino!!\n\n<b>BOOM</b> '
const SECRET = 'I want to see my old bedroom. Only Petra.'

// Rules of accessibility, width, and on a child's pages targets for small fingers.
async function looked(page, name, pictures, childs = true) {
  for (const [width, height] of sizes) {
    await page.setViewportSize({ width, height })
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)
    assert(overflow <= 0, `${name}: ${overflow} px too wide at ${width}`)
    const found = await page.evaluate(async ({ axe, rules }) => {
      if (!window.axe) new Function(axe).call(window)
      return (await window.axe.run(document, { runOnly: rules })).violations.map((v) => `${v.id}: ${v.nodes[0].html.slice(0, 200)}`)
    }, { axe, rules })
    assert.deepEqual(found, [], name)
    const small = await page.evaluate(() =>
      [...document.querySelectorAll('main a, main button, main textarea, main input[type=text], main input[type=password], .pep-choice label, main summary')]
        .filter((el) => el.offsetParent && (el.offsetHeight < 47.5 || el.offsetWidth < 47.5))
        .map((el) => `${el.outerHTML.slice(0, 120)} ${el.offsetWidth}x${el.offsetHeight}`))
    if (childs) assert.deepEqual(small, [], `${name} at ${width}`)
    if (pictures) await page.screenshot({ path: join(pictures, `child-${name}-${width}.png`), fullPage: true })
  }
  await page.setViewportSize({ width: 1280, height: 900 })
}

const heading = (page) => page.locator('h1').innerText()
const next = (page, words = 'Next') => Promise.all([page.waitForNavigation(), page.getByRole('button', { name: words, exact: true }).click()])
// Goes on until this is asked.
async function until(page, words) {
  for (let i = 0; i < 30 && (await heading(page)) !== words; i++) await next(page, 'Skip')
  assert.equal(await heading(page), words)
}

export async function child(browser, program, pictures) {
  const world = await World.begin(program, 'Wren Tapplestone', '2016-03-14')
  try {
    world.relay('children', 'add', '--name', 'Idris Fennimoor', '--dob', '2010-11-02', '--looked-after-since', '2019-06-18')
    const petra = world.person('Petra Lanternby', 'social-worker')
    const callum = world.person('Callum Brightwater-Finch', 'designated-teacher')
    const jan = world.person('Jan Puddlecote', 'carer')
    world.relay('teams', 'add', 'Idris Fennimoor', callum.name, '--role', 'designated-teacher')
    const plan = JSON.parse(petra.pep('new', 'Wren Tapplestone', '--term', '2025/26-spring', '--type', 'review', '--process', 'portal', '--json')).pep
    petra.pep('set', plan, 'child.preferredName', 'Wren')
    petra.pep('write', plan, 'care.story', 'Canary, told by an adult.')
    petra.pep('sync')
    for (const person of [callum, jan]) person.pep('sync')
    callum.pep('set', plan, 'setting.yearGroup', '5')
    await Promise.all(world.people.map((person) => world.enter(person, browser)))
    const base = callum.served.base

    // Without a PIN nobody gives the device away.
    const page = await tab(callum, `/pep/${plan}/views`)
    await page.getByRole('button', { name: 'Give the device to Wren' }).click()
    await page.getByRole('button', { name: 'Set a PIN' }).click()
    for (const name of ['New PIN', 'New PIN once more']) await page.getByLabel(name, { exact: true }).fill('8305')
    await next(page, 'Save PIN')
    assert((await page.locator('main').innerText()).includes('PIN saved on this device'))
    const routes = new Set(['/', '/children', '/meetings', '/sync', '/settings', '/settings/pin', '/help', '/accessibility', '/about', '/enter', '/x'])
    for (const path of ['', '/targets', '/views', '/history', '/comments', '/choose', '/checks', '/meeting', '/sign-off', '/quality', '/send-back', '/targets/new', '/meeting/meeting.ics', '/comments/care.story', '/history/care.story']) routes.add(`/pep/${plan}${path}`)
    await page.goto(`${base}/pep/${plan}`)
    for (const href of await page.locator('main a').evaluateAll((all) => all.map((a) => a.getAttribute('href')))) if (href.startsWith('/')) routes.add(href)
    // Two tabs are left open, one of them in the middle of an answer.
    const other = await tab(callum, '/children')
    const writing = await tab(callum, [...routes].find((href) => href.endsWith('/progress')))
    await page.goto(`${base}/pep/${plan}/views/give`)
    await looked(page, 'give', pictures, false)
    await next(page, 'Give this device to Wren')
    assert.equal(new URL(page.url()).pathname, '/views')
    for (const left of [other, writing]) await left.waitForFunction(() => document.querySelector('h1')?.innerText === 'Hello, Wren')
    await other.close()
    await writing.close()

    // The first face with the keyboard alone, the second with a finger.
    await looked(page, 'hello', pictures)
    await page.keyboard.press('Tab')
    for (let i = 0; i < 10 && (await page.evaluate(() => document.activeElement.textContent)) !== 'Start'; i++) await page.keyboard.press('Tab')
    await Promise.all([page.waitForNavigation(), page.keyboard.press('Enter')])
    assert.equal(await heading(page), 'How do you feel about school?')
    await looked(page, 'face', pictures)
    for (let i = 0; i < 10 && (await page.evaluate(() => document.activeElement.type)) !== 'radio'; i++) await page.keyboard.press('Tab')
    await page.keyboard.press('Space')
    for (let i = 0; i < 3; i++) await page.keyboard.press('ArrowDown')
    assert.equal(await page.locator('input:checked').getAttribute('value'), '4')
    await Promise.all([page.waitForNavigation(), page.keyboard.press('Enter')])
    assert.equal(await heading(page), 'How do you feel about lessons?')
    const card = await page.locator('.pep-choice', { hasText: 'OK' }).boundingBox()
    await page.mouse.click(card.x + card.width - 8, card.y + 8)
    if (pictures) await page.screenshot({ path: join(pictures, 'child-face-chosen-1280.png') })
    await next(page)
    await page.getByLabel('Very happy').check()
    await next(page)
    for (const words of ['friends', 'grown-ups']) {
      assert.equal(await heading(page), `How do you feel about ${words}?`)
      await page.getByLabel('Happy', { exact: true }).check()
      await next(page)
    }
    // Own words: a reload in the middle loses none, and Back keeps them.
    assert.equal(await heading(page), 'The best thing at school is')
    await page.locator('textarea').fill(BEST)
    await page.getByText('Saved on this device').waitFor()
    await page.reload()
    assert.equal(await page.locator('textarea').inputValue(), BEST)
    await looked(page, 'words', pictures)
    await page.locator('textarea').press('End')
    await next(page)
    await page.locator('textarea').fill('reeding out lowd becuase my words stop')
    await next(page, 'Back')
    assert.equal(await page.locator('textarea').inputValue(), BEST)
    await next(page)
    await next(page, 'Skip')
    // A drawing, kept as it is drawn, and words for who cannot see it.
    await until(page, 'My picture or photo')
    await page.locator('label', { hasText: 'Blue' }).click()
    const canvas = await page.locator('canvas').boundingBox()
    const to = (x, y) => page.mouse.move(canvas.x + x, canvas.y + y, { steps: 5 })
    await to(40, 40)
    await page.mouse.down()
    for (const [x, y] of [[200, 60], [300, 200], [60, 250]]) await to(x, y)
    await page.mouse.up()
    await page.getByLabel('What does it show?').fill('me and Biscuit the dog')
    await page.waitForFunction(() => document.querySelector('[data-saved]').textContent === 'Saved on this device' && !document.querySelector('form').elements.picture.value)
    await page.reload()
    await page.waitForFunction(() => {
      const canvas = document.querySelector('canvas'), dots = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data
      for (let i = 0; i < dots.length; i += 4) if (dots[i + 2] > 150 && dots[i] < 90) return true
    })
    await looked(page, 'picture', pictures)
    await next(page)
    // A photo of any size takes its place, made small, and says nothing of where it was taken.
    await next(page, 'Back')
    const photo = await page.evaluate(async () => {
      const canvas = Object.assign(document.createElement('canvas'), { width: 1600, height: 1200 }), pen = canvas.getContext('2d')
      for (let i = 0; i < 4000; i++) { pen.fillStyle = `hsl(${i * 7 % 360} 80% 50%)`; pen.fillRect((i * 37) % 1600, (i * 91) % 1200, 40, 40) }
      return canvas.toDataURL('image/jpeg', 0.95).split(',')[1]
    })
    const jpeg = Buffer.from(photo, 'base64')
    const exif = Buffer.concat([Buffer.from([0xff, 0xe1, 0, 24]), Buffer.from('Exif\0\0 canary 51.5 N.')])
    await page.locator('[data-photo]').setInputFiles({ name: 'p.jpg', mimeType: 'image/jpeg', buffer: Buffer.concat([jpeg.subarray(0, 2), exif.subarray(0, 26), jpeg.subarray(2)]) })
    await page.waitForFunction(() => document.querySelector('[data-saved]').textContent === 'Saved on this device' && !document.querySelector('form').elements.picture.value && document.querySelector('form').elements.made.value === 'photos')
    const stored = await page.evaluate(() => fetch('/views/picture').then(async (r) => [r.headers.get('content-type'), r.headers.get('cache-control'), Array.from(new Uint8Array(await r.arrayBuffer()), (c) => String.fromCharCode(c)).join('')]))
    assert(jpeg.length > 200000 && stored[2].length <= 45000 && stored[2].length > 5000, `${jpeg.length} ${stored[2].length}`)
    assert(stored[0] === 'image/jpeg' && stored[1] === 'no-store' && !stored[2].includes('canary') && !stored[2].includes('Exif'))
    await next(page)
    await until(page, 'How I want to take part in the meeting')
    await page.getByLabel('Last 10 minutes').check()
    await looked(page, 'choice', pictures)
    await next(page)
    await until(page, 'Things I want only some people to see')
    const readers = await page.locator('.pep-child-around').innerText()
    assert(readers.includes('Petra Lanternby (your social worker)') && !readers.includes('Jan Puddlecote'), readers)
    await page.locator('textarea').fill(SECRET)
    // She chooses who sees it; nobody at all is not a choice, and what she typed stays.
    await next(page, 'Choose who sees this')
    assert.equal(await heading(page), 'Who may see your private words?')
    await looked(page, 'readers', pictures)
    for (const box of await page.locator('input[type=checkbox]').all()) await box.uncheck()
    await next(page, 'Save')
    assert.equal(await page.locator('.govuk-error-summary a').innerText(), 'Choose at least one grown-up')
    await page.getByLabel('Your social worker: Petra Lanternby').check()
    await page.getByLabel('Your designated teacher: Callum Brightwater-Finch').check()
    await next(page, 'Save')
    assert.equal(await page.locator('textarea').inputValue(), SECRET)
    assert(!(await page.locator('.pep-child-around').innerText()).includes('Virtual School'))
    await next(page)
    assert.equal(await heading(page), 'This is what you said')
    await looked(page, 'check', pictures)
    assert.equal(await page.getByText('You skipped this').count() > 0, true)
    await page.getByRole('button', { name: 'I have finished' }).click()
    await looked(page, 'thanks', pictures)

    // High contrast: which face is chosen is to be seen.
    await page.emulateMedia({ forcedColors: 'active' })
    await page.goto(`${base}/views/1`)
    const outline = (n) => page.locator('.pep-choice label').nth(n).evaluate((el) => getComputedStyle(el).outlineStyle)
    assert.deepEqual([await outline(3), await outline(0)], ['solid', 'none'])
    if (pictures) await page.screenshot({ path: join(pictures, 'child-face-contrast.png'), fullPage: true })
    await page.emulateMedia({ forcedColors: 'none' })

    // Without script: a small file is sent with the form, and one that is too large is said to be.
    const plain = await browser.newContext({ javaScriptEnabled: false, storageState: await callum.context.storageState(), locale: 'en-GB' })
    const still = await plain.newPage()
    await still.goto(`${base}/views/check`)
    await still.getByRole('link', { name: /My picture or photo/ }).click()
    assert.equal(await still.locator('canvas').isVisible(), false)
    const upload = async (name, buffer) => {
      await still.locator('[data-photo]').setInputFiles({ name, mimeType: 'image/png', buffer })
      await next(still)
    }
    const dot = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGP4z8DwHwAFAAH/iZk9HQAAAABJRU5ErkJggg==', 'base64')
    await upload('large.jpg', jpeg)
    assert.equal(await still.locator('.govuk-error-summary a').innerText(), 'That picture is too big. It can be 45 kB at most')
    assert.equal(await still.getByLabel('What does it show?').inputValue(), 'me and Biscuit the dog')
    await upload('dot.png', dot)
    assert.equal(await heading(still), 'This is what you said')
    const now = await page.evaluate(() => fetch('/views/picture').then(async (r) => [r.headers.get('content-type'), (await r.arrayBuffer()).byteLength]))
    assert.deepEqual(now, ['image/png', dot.length])
    await plain.close()

    // Read aloud by a voice of this device, and by no other.
    for (const [localService, shown] of [[true, true], [false, false]]) {
      const reader = await callum.context.newPage()
      await reader.addInitScript((localService) => {
        const voice = { name: 'V', lang: 'en-GB', localService }
        window.SpeechSynthesisUtterance = function (text) { this.text = text }
        const synth = { said: [], getVoices: () => [voice], speak: (u) => synth.said.push([u.text, u.voice === voice]), cancel: () => {}, addEventListener: () => {} }
        Object.defineProperty(window, 'speechSynthesis', { value: synth })
      }, localService)
      await reader.goto(`${base}/views/1`)
      assert.equal(await reader.locator('[data-read]').isVisible(), shown)
      if (shown) {
        await looked(reader, 'read', null)
        await reader.locator('[data-read]').click()
        const said = await reader.evaluate(() => window.speechSynthesis.said)
        assert(said.every(([, local]) => local) && said[0][0] === 'How do you feel about school?' && said.some(([text]) => text === 'Very happy'))
        assert.equal(await reader.locator('[data-read]').innerText(), 'Stop reading')
      }
      await reader.close()
    }

    // Every way out leads back: typed addresses, new tabs, forms, the socket, going back, another start of the program.
    const attempt = await callum.context.newPage()
    for (const path of routes) {
      await attempt.goto(base + path)
      assert.equal(new URL(attempt.url()).pathname, '/views', path)
      assert(!/Canary|Idris/.test(await attempt.content()), path)
    }
    const forms = await attempt.evaluate(async (paths) => {
      const sent = paths.map((path) => fetch(path, { method: 'POST', body: new URLSearchParams({ go: 'plan', text: 'x' }) }).then((r) => new URL(r.url).pathname))
      return [...new Set(await Promise.all(sent))]
    }, [...routes])
    assert.deepEqual(forms, ['/views'])
    const socket = await attempt.evaluate(() => new Promise((resolve) => {
      const socket = new WebSocket(`ws://${location.host}/live`)
      socket.onopen = () => resolve('open')
      socket.onclose = () => resolve('closed')
    }))
    assert.equal(socket, 'closed')
    await attempt.close()
    await page.goto(`${base}/views`)
    for (let i = 0; i < 40; i++) {
      await page.goBack().catch(() => null)
      // Where the browser has kept nothing of a form's answer it shows a page of its own.
      const { protocol, pathname } = new URL(page.url())
      assert(pathname.startsWith('/views') || ['about:', 'chrome-error:'].includes(protocol), page.url())
      if (page.url() === 'about:blank') break
    }
    const port = Number(new URL(base).port)
    await callum.served.end('SIGKILL')
    callum.served = await opened(program, callum.home, port)
    await page.goto(callum.served.link.href)
    assert.equal(new URL(page.url()).pathname, '/views')
    assert((await page.locator('main').innerText()).includes('You have answered'))

    // Two wrong PINs, then the right one.
    await page.getByRole('link', { name: 'For the grown-up: end these pages' }).click()
    await looked(page, 'leave', pictures)
    for (const wrong of ['0000', '1111']) {
      await page.getByLabel('PIN').fill(wrong)
      await next(page, 'End these pages')
      assert.equal(await page.locator('.govuk-error-summary a').innerText(), 'That is not the PIN')
    }
    await looked(page, 'leave-wrong', pictures)
    await page.getByLabel('PIN').fill('8305')
    await next(page, 'End these pages')
    assert.equal(new URL(page.url()).pathname, `/pep/${plan}/views`)
    const shown = await page.locator('main').innerText()
    assert(shown.includes('Wren, on the device of Callum Brightwater-Finch') && shown.includes('I wrote it'), shown)
    const typed = await page.locator('.pep-typed').evaluateAll((all) => all.map((el) => el.textContent))
    assert(typed.includes(BEST) && typed.includes('reeding out lowd becuase my words stop') && typed.includes(SECRET), typed.join('|'))
    assert(shown.includes('School: Happy'))
    await looked(page, 'views', pictures, false)
    for (const path of ['/settings', '/settings/pin']) {
      const settings = await tab(callum, path)
      await looked(settings, path.slice(1).replace('/', '-'), pictures, false)
      await settings.close()
    }

    assert.equal(await page.locator('img.pep-picture').getAttribute('alt'), 'me and Biscuit the dog')
    assert(await page.locator('img.pep-picture').evaluate((img) => img.complete && img.naturalWidth > 0))

    // The social worker reads every word as it was written; the carer reads what is not private.
    callum.pep('sync')
    const others = { petra, jan }
    const read = {}
    for (const [name, person] of Object.entries(others)) {
      person.pep('sync')
      const theirs = await tab(person, `/pep/${plan}/views`)
      read[name] = await theirs.locator('.pep-typed').evaluateAll((all) => all.map((el) => el.textContent))
      assert(read[name].includes(BEST), name)
      assert.equal(await theirs.locator('img.pep-picture').count(), name === 'petra' ? 1 : 0)
      await theirs.close()
    }
    assert(read.petra.includes(SECRET) && !read.jan.some((words) => words.includes('old bedroom')))
    assert.deepEqual([...callum.troubles, ...petra.troubles, ...jan.troubles].filter((words) => !/status of 4/.test(words)), [])
  } finally {
    await world.end()
  }
}

await alone(import.meta.url, child, "The child's seven answers: nothing to put right.")
