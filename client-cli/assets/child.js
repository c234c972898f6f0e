// A child's own pages. What is typed or chosen is kept at once, so that nothing is lost on a reload; and the words of a page are read
// aloud where this device has a voice of its own. Without this script the buttons of each page keep the answer.
(() => {
  'use strict'
  // Tabs that still show pages of the grown-up's go.
  if (window.BroadcastChannel) new BroadcastChannel('pep').postMessage('given')
  addEventListener('pageshow', (e) => { if (e.persisted) location.reload() })

  const form = document.querySelector('form[data-child]')
  if (form) {
    const words = form.querySelector('[data-saved]'), names = ['answer', 'why'].filter((name) => form.elements[`${name}~kept`])
    const value = (name) => (form.elements[name] ? form.elements[name].value : '')
    const kept = (name) => form.elements[`${name}~kept`]
    const dirty = () => names.some((name) => value(name) !== kept(name).value)
    let timer = 0, busy = null, leaving = false
    // What was sent last and has had no answer yet: if it arrived all the same, what comes next takes its place.
    const tried = (name, text) => {
      let field = form.elements[`${name}~tried`]
      if (!field) form.append(field = Object.assign(document.createElement('input'), { type: 'hidden', name: `${name}~tried` }))
      field.value = text
    }
    const sheet = () => {
      const body = new URLSearchParams(new FormData(form))
      body.set('go', 'stay')
      return body
    }
    const save = async () => {
      clearTimeout(timer)
      if (busy || leaving || !dirty()) return
      const sent = names.map((name) => [name, value(name)])
      const body = sheet()
      for (const [name, text] of sent) tried(name, text)
      busy = fetch(form.action, { method: 'POST', body, redirect: 'manual' }).then((r) => r.type === 'opaqueredirect', () => false)
      const done = await busy
      busy = null
      if (done) for (const [name, text] of sent) kept(name).value = text
      words.textContent = done ? 'Saved on this device' : 'Not saved yet'
      if (dirty()) timer = setTimeout(save, done ? 800 : 3000)
    }
    form.addEventListener('input', () => { clearTimeout(timer); timer = setTimeout(save, 800) })
    form.addEventListener('submit', async (e) => {
      clearTimeout(timer)
      if (!busy) { leaving = true; return }
      e.preventDefault()
      const by = e.submitter
      await busy
      leaving = true
      form.requestSubmit(by)
    })
    addEventListener('pagehide', () => {
      const body = sheet()
      // The most that a browser sends for a page that is gone; the rest was saved while it was typed.
      if (!leaving && dirty() && String(body).length < 60000) fetch(form.action, { method: 'POST', body, redirect: 'manual', keepalive: true })
    })
  }

  const button = document.querySelector('[data-read]'), speech = window.speechSynthesis
  if (button && speech) {
    // A voice that is not on this device would send the words away to be spoken.
    const voice = () => {
      const local = speech.getVoices().filter((v) => v.localService && /^en/i.test(v.lang))
      return local.find((v) => /^en.gb/i.test(v.lang)) || local[0]
    }
    const ready = () => { button.hidden = !voice() }
    const label = (on) => { button.textContent = on ? 'Stop reading' : 'Read this to me' }
    let reading = false
    const stop = () => { reading = false; speech.cancel(); label(false) }
    button.addEventListener('click', () => {
      if (reading) return stop()
      const texts = [...document.querySelectorAll('main h1, main [data-say]')].map((el) => el.innerText.trim()).filter(Boolean)
      reading = true
      label(true)
      texts.forEach((text, i) => {
        const said = new SpeechSynthesisUtterance(text)
        Object.assign(said, { voice: voice(), lang: voice().lang, rate: 0.9 })
        if (i === texts.length - 1) said.onend = said.onerror = stop
        speech.speak(said)
      })
    })
    addEventListener('pagehide', stop)
    if (speech.addEventListener) speech.addEventListener('voiceschanged', ready)
    ready()
  }
})()
